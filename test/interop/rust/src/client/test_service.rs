//! Calls of grpc.testing.TestService.

use std::collections::HashMap;

use interop_peer::test_service::{
    EchoStatus, Echoed, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use protobuf::MessageField;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use ttrpc::proto::{Code, Codec};
use ttrpc::r#async::{Client, ClientStream, ClientStreamReceiver};
use ttrpc::Error;

use crate::opening::opening;
use crate::progress::Announcer;
use crate::result::{split, StatusResult, TransportError};

/// A call as the harness describes it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestCallSpec {
    pub connection: String,
    pub call: Option<String>,
    service: Option<String>,
    rpc: String,
    requests: Vec<TestRequestSpec>,
    lockstep: bool,
    keep_open: bool,
    metadata: HashMap<String, Vec<String>>,
    timeout_ms: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TestRequestSpec {
    payload_bytes: usize,
    response_sizes: Vec<i32>,
    status: Option<StatusSpec>,
}

#[derive(Deserialize)]
struct StatusSpec {
    code: i32,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCallResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport_error: Option<TransportError>,
    responses: Vec<TestResponse>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResponse {
    payload_bytes: usize,
    zeros: bool,
    aggregated_payload_size: i32,
    echoed: HashMap<String, Vec<String>>,
}

/// Makes a call and waits for its end, or until it is cancelled.
pub async fn run(
    client: Client,
    spec: &TestCallSpec,
    announcer: Announcer,
    mut cancelled: watch::Receiver<bool>,
) -> TestCallResult {
    let mut call = TestCall { client, spec, announcer, responses: Vec::new() };
    let end = tokio::select! {
        end = call.run() => end,
        _ = cancelled.wait_for(|cancelled| *cancelled) => {
            Err(Error::RpcStatus(ttrpc::get_status(Code::CANCELLED, "cancelled")))
        }
    };
    let (status, transport_error) = split(end.err());
    TestCallResult { status, transport_error, responses: call.responses }
}

struct TestCall<'a> {
    client: Client,
    spec: &'a TestCallSpec,
    announcer: Announcer,
    responses: Vec<TestResponse>,
}

impl TestCall<'_> {
    async fn run(&mut self) -> ttrpc::Result<()> {
        match self.spec.rpc.as_str() {
            "UnaryCall" => self.unary::<SimpleRequest, SimpleResponse>().await,
            "StreamingInputCall" => self.sending::<StreamingInputCallRequest, StreamingInputCallResponse>(false).await,
            "StreamingOutputCall" => self.receiving().await,
            "FullDuplexCall" => self.sending::<StreamingOutputCallRequest, StreamingOutputCallResponse>(true).await,
            _ => self.unary::<Empty, Empty>().await,
        }
    }

    fn opening(&self) -> ttrpc::Request {
        let TestCallSpec { service, rpc, metadata, timeout_ms, .. } = self.spec;
        opening(service.as_deref().unwrap_or("grpc.testing.TestService"), rpc, metadata, *timeout_ms)
    }

    /// The Request with its only message.
    fn whole_opening<Q: Outgoing>(&self) -> ttrpc::Result<ttrpc::Request> {
        let [only] = &self.spec.requests[..] else {
            return Err(Error::Others(format!("{} takes one request", self.spec.rpc)));
        };
        let payload = Q::of(only).encode().map_err(|error| Error::Others(error.to_string()))?;
        Ok(ttrpc::Request { payload, ..self.opening() })
    }

    fn took(&mut self, response: impl Into<TestResponse>) {
        self.responses.push(response.into());
        self.announcer.replied();
    }

    async fn unary<Q: Outgoing, P: Incoming>(&mut self) -> ttrpc::Result<()> {
        let response = self.client.request(self.whole_opening::<Q>()?).await?;
        self.took(P::decode(response.payload).map_err(|error| Error::Others(error.to_string()))?);
        Ok(())
    }

    async fn receiving(&mut self) -> ttrpc::Result<()> {
        let request = self.whole_opening::<StreamingOutputCallRequest>()?;
        let stream = self.client.new_stream(request, false, true).await?;
        let mut responses = ClientStreamReceiver::<StreamingOutputCallResponse>::new(stream, self.client.clone());
        while let Some(response) = responses.recv().await? {
            self.took(response);
        }
        Ok(())
    }

    /// The requests are small enough in sum to need no reader beside them.
    async fn sending<Q: Outgoing, P: Incoming>(&mut self, answers: bool) -> ttrpc::Result<()> {
        let stream = self.client.new_stream(self.opening(), true, answers).await?;
        let mut stream = ClientStream::<Q, P>::new(stream);
        for request in &self.spec.requests {
            // Why it cannot send is what the receiving side says.
            let sent = stream.send(&Q::of(request)).await;
            let awaited = if sent.is_ok() && self.spec.lockstep { request.response_sizes.len() } else { 0 };
            for _ in 0..awaited {
                self.took(stream.recv().await?);
            }
        }
        if !self.spec.keep_open {
            let _ = stream.close_send().await;
        }
        loop {
            match stream.recv().await {
                Err(Error::Eof) if answers => return Ok(()),
                response => self.took(response?),
            }
            if !answers {
                return Ok(());
            }
        }
    }
}

trait Outgoing: Codec<E = protobuf::Error> + Send + Sync {
    fn of(spec: &TestRequestSpec) -> Self;
}

trait Incoming: Codec<E = protobuf::Error> + Send + Sync + Into<TestResponse> {}
impl<M: Codec<E = protobuf::Error> + Send + Sync + Into<TestResponse>> Incoming for M {}

impl TestRequestSpec {
    fn payload(&self) -> MessageField<Payload> {
        match self.payload_bytes {
            0 => MessageField::none(),
            size => MessageField::some(Payload { body: vec![0; size], ..Default::default() }),
        }
    }

    fn response_status(&self) -> MessageField<EchoStatus> {
        MessageField(self.status.as_ref().map(|StatusSpec { code, message }| {
            Box::new(EchoStatus { code: *code, message: message.clone(), ..Default::default() })
        }))
    }
}

impl Outgoing for Empty {
    fn of(_: &TestRequestSpec) -> Self {
        Self::new()
    }
}

impl Outgoing for SimpleRequest {
    fn of(spec: &TestRequestSpec) -> Self {
        Self {
            response_size: spec.response_sizes.first().copied().unwrap_or(0),
            payload: spec.payload(),
            response_status: spec.response_status(),
            ..Default::default()
        }
    }
}

impl Outgoing for StreamingInputCallRequest {
    fn of(spec: &TestRequestSpec) -> Self {
        Self { payload: spec.payload(), ..Default::default() }
    }
}

impl Outgoing for StreamingOutputCallRequest {
    fn of(spec: &TestRequestSpec) -> Self {
        let parameters =
            spec.response_sizes.iter().map(|size| ResponseParameters { size: *size, ..Default::default() });
        Self {
            response_parameters: parameters.collect(),
            payload: spec.payload(),
            response_status: spec.response_status(),
            ..Default::default()
        }
    }
}

impl TestResponse {
    fn of(payload: &Payload, aggregated_payload_size: i32, pairs: Vec<Echoed>) -> Self {
        let mut echoed = HashMap::<String, Vec<String>>::new();
        for pair in pairs {
            echoed.entry(pair.key).or_default().push(pair.value);
        }
        Self {
            payload_bytes: payload.body.len(),
            zeros: payload.body.iter().all(|byte| *byte == 0),
            aggregated_payload_size,
            echoed,
        }
    }
}

impl From<Empty> for TestResponse {
    fn from(_: Empty) -> Self {
        Self::of(&Payload::new(), 0, Vec::new())
    }
}

impl From<SimpleResponse> for TestResponse {
    fn from(response: SimpleResponse) -> Self {
        Self::of(&response.payload, 0, response.echoed)
    }
}

impl From<StreamingInputCallResponse> for TestResponse {
    fn from(response: StreamingInputCallResponse) -> Self {
        Self::of(&Payload::new(), response.aggregated_payload_size, Vec::new())
    }
}

impl From<StreamingOutputCallResponse> for TestResponse {
    fn from(response: StreamingOutputCallResponse) -> Self {
        Self::of(&response.payload, 0, response.echoed)
    }
}
