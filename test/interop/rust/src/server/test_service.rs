//! grpc.testing.TestService, the service of gRPC's interoperability cases.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use interop_peer::test_service::{
    EchoStatus, Echoed, Empty, Payload, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use protobuf::MessageField;
use ttrpc::proto::Code;
use ttrpc::r#async::{
    MethodHandler, ServerStream, ServerStreamReceiver, ServerStreamSender, Service, StreamHandler, StreamInner,
    TtrpcContext,
};
use ttrpc::{Error, Response};

use crate::call::Call;
use crate::generated::{answer, decode, end};
use crate::journal::Journal;

/// The service for the library.
pub fn test_service(journal: &Arc<Journal>) -> Service {
    let unary = |rpc| Box::new(Unary { journal: journal.clone(), rpc }) as Box<dyn MethodHandler + Send + Sync>;
    let stream = |rpc| Arc::new(Streaming { journal: journal.clone(), rpc }) as Arc<dyn StreamHandler + Send + Sync>;
    Service {
        methods: ["EmptyCall", "UnaryCall"].map(|rpc| (rpc.into(), unary(rpc))).into(),
        streams: ["StreamingInputCall", "StreamingOutputCall", "FullDuplexCall"]
            .map(|rpc| (rpc.into(), stream(rpc)))
            .into(),
    }
}

struct Unary {
    journal: Arc<Journal>,
    rpc: &'static str,
}

#[async_trait]
impl MethodHandler for Unary {
    async fn handler(&self, context: TtrpcContext, request: ttrpc::Request) -> ttrpc::Result<Response> {
        let echoed = echoed(&context.metadata);
        let call = begin(&self.journal, self.rpc, context);
        if self.rpc == "EmptyCall" {
            return answer(call.end(decode::<Empty>(&request.payload)));
        }
        let result = decode::<SimpleRequest>(&request.payload).and_then(|request| {
            fail_if_asked(&request.response_status)?;
            Ok(SimpleResponse { payload: zeros(request.response_size), echoed, ..Default::default() })
        });
        answer(call.end(result))
    }
}

struct Streaming {
    journal: Arc<Journal>,
    rpc: &'static str,
}

#[async_trait]
impl StreamHandler for Streaming {
    async fn handler(&self, context: TtrpcContext, mut stream: StreamInner) -> ttrpc::Result<Option<Response>> {
        let echoed = echoed(&context.metadata);
        let call = begin(&self.journal, self.rpc, context);
        match self.rpc {
            "StreamingInputCall" => {
                let sum = add_up(ServerStreamReceiver::new(stream)).await;
                answer(call.end(sum)).map(Some)
            }
            "StreamingOutputCall" => {
                let request = decode(&stream.recv().await?)?;
                end(call.end(respond_once(&request, ServerStreamSender::new(stream), echoed).await))
            }
            _ => end(call.end(respond(ServerStream::new(stream), echoed).await)),
        }
    }
}

async fn add_up(
    mut requests: ServerStreamReceiver<StreamingInputCallRequest>,
) -> ttrpc::Result<StreamingInputCallResponse> {
    let mut response = StreamingInputCallResponse::new();
    while let Some(request) = requests.recv().await? {
        response.aggregated_payload_size += request.payload.body.len() as i32;
    }
    Ok(response)
}

async fn respond_once(
    request: &StreamingOutputCallRequest,
    stream: ServerStreamSender<StreamingOutputCallResponse>,
    mut echoed: Vec<Echoed>,
) -> ttrpc::Result<()> {
    fail_if_asked(&request.response_status)?;
    for response in responses_to(request, &mut echoed) {
        stream.send(&response).await?;
    }
    Ok(())
}

async fn respond(
    mut stream: ServerStream<StreamingOutputCallResponse, StreamingOutputCallRequest>,
    mut echoed: Vec<Echoed>,
) -> ttrpc::Result<()> {
    while let Some(request) = stream.recv().await? {
        fail_if_asked(&request.response_status)?;
        for response in responses_to(&request, &mut echoed) {
            stream.send(&response).await?;
        }
    }
    Ok(())
}

fn begin(journal: &Arc<Journal>, rpc: &'static str, context: TtrpcContext) -> Call {
    let mut call = Call::new(journal, rpc, context);
    call.start(0);
    call
}

/// The responses that a request of a stream asks for; the first of the call takes `echoed` with it.
fn responses_to<'a>(
    request: &'a StreamingOutputCallRequest,
    echoed: &'a mut Vec<Echoed>,
) -> impl Iterator<Item = StreamingOutputCallResponse> + 'a {
    request.response_parameters.iter().map(|parameters| StreamingOutputCallResponse {
        payload: zeros(parameters.size),
        echoed: std::mem::take(echoed),
        ..Default::default()
    })
}

fn fail_if_asked(asked: &MessageField<EchoStatus>) -> ttrpc::Result<()> {
    match asked.as_ref() {
        None => Ok(()),
        Some(asked) => {
            let mut status = ttrpc::get_status(Code::UNKNOWN, &asked.message);
            status.code = protobuf::EnumOrUnknown::from_i32(asked.code);
            Err(Error::RpcStatus(status))
        }
    }
}

fn zeros(size: i32) -> MessageField<Payload> {
    MessageField::some(Payload { body: vec![0; usize::try_from(size).unwrap_or(0)], ..Default::default() })
}

fn echoed(metadata: &HashMap<String, Vec<String>>) -> Vec<Echoed> {
    let keys = ["x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"];
    let pairs = keys.into_iter().flat_map(|key| {
        metadata.get(key).into_iter().flatten().map(move |value| Echoed {
            key: key.into(),
            value: value.clone(),
            ..Default::default()
        })
    });
    pairs.collect()
}
