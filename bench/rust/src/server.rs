//! bench.v1.Bench, with the traits that generated code implements.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{stdin, AsyncReadExt};
use ttrpc::proto::{Code, Codec};
use ttrpc::r#async::{
    MethodHandler, Server, ServerStream, ServerStreamReceiver, ServerStreamSender, Service, StreamHandler, StreamInner,
    TtrpcContext,
};
use ttrpc::{Error, Response};

use crate::messages::{body, SERVICE};
use crate::proto::{DownloadRequest, Echo, Order, UploadReply};

/// Serves until stdin ends.
pub async fn run(path: &str) -> Result<(), String> {
    let mut server = Server::new()
        .bind(&format!("unix://{path}"))
        .map_err(|error| format!("{path}: {error}"))?
        .register_service(HashMap::from([(SERVICE.into(), service())]));
    server.start().await.map_err(|error| error.to_string())?;
    println!(r#"{{"ready":true}}"#);
    let mut rest = [0; 64];
    while stdin().read(&mut rest).await.map_err(|error| error.to_string())? > 0 {}
    Ok(())
}

fn service() -> Service {
    let echo = || Box::new(Repeat::<Echo>(Default::default())) as Box<dyn MethodHandler + Send + Sync>;
    Service {
        methods: HashMap::from([
            ("Unary".into(), echo()),
            ("Guarded".into(), echo()),
            ("Place".into(), Box::new(Repeat::<Order>(Default::default()))),
        ]),
        streams: HashMap::from([
            ("Download".into(), Arc::new(Streaming::Download) as Arc<dyn StreamHandler + Send + Sync>),
            ("Upload".into(), Arc::new(Streaming::Upload)),
            ("Chat".into(), Arc::new(Streaming::Chat)),
        ]),
    }
}

/// Decodes the request and answers with it.
struct Repeat<M>(std::marker::PhantomData<M>);

#[async_trait]
impl<M: Codec<E = protobuf::Error> + Send + Sync> MethodHandler for Repeat<M> {
    async fn handler(&self, _: TtrpcContext, request: ttrpc::Request) -> ttrpc::Result<Response> {
        answer(decode::<M>(&request.payload)?)
    }
}

enum Streaming {
    Download,
    Upload,
    Chat,
}

#[async_trait]
impl StreamHandler for Streaming {
    async fn handler(&self, _: TtrpcContext, stream: StreamInner) -> ttrpc::Result<Option<Response>> {
        match self {
            Self::Download => download(stream).await,
            Self::Upload => upload(stream).await,
            Self::Chat => chat(stream).await,
        }
    }
}

async fn download(mut stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let request: DownloadRequest = decode(&stream.recv().await?)?;
    let messages = ServerStreamSender::new(stream);
    let mut message = Echo { body: body(request.bytes as usize), ..Default::default() };
    for index in 0..request.count {
        message.value = request.first.wrapping_add(index);
        messages.send(&message).await?;
    }
    Ok(None)
}

async fn upload(stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let mut messages = ServerStreamReceiver::<Echo>::new(stream);
    let mut reply = UploadReply::default();
    while let Some(message) = messages.recv().await? {
        reply.count += 1;
        reply.sum = reply.sum.wrapping_add(message.value);
        reply.bytes = reply.bytes.wrapping_add(message.body.len() as u32);
    }
    answer(reply).map(Some)
}

async fn chat(stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let mut stream = ServerStream::<Echo, Echo>::new(stream);
    while let Some(message) = stream.recv().await? {
        stream.send(&message).await?;
    }
    Ok(None)
}

fn decode<M: Codec<E = protobuf::Error>>(payload: &[u8]) -> ttrpc::Result<M> {
    M::decode(payload).map_err(|error| Error::Others(error.to_string()))
}

fn answer<M: Codec<E = protobuf::Error>>(message: M) -> ttrpc::Result<Response> {
    let mut response = Response::new();
    response.set_status(ttrpc::get_status(Code::OK, ""));
    response.payload = message.encode().map_err(|error| Error::Others(error.to_string()))?;
    Ok(response)
}
