//! interop.v1.Interop.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use interop_peer::body::{self, Sum};
use interop_peer::proto::{Reply, Request};
use protobuf::well_known_types::empty::Empty;
use ttrpc::r#async::{
    MethodHandler, ServerStream, ServerStreamReceiver, ServerStreamSender, Service, StreamHandler, StreamInner,
    TtrpcContext,
};
use ttrpc::Response;

use crate::call::{with_sum, Call};
use crate::generated::{answer, decode, end};
use crate::journal::Journal;

/// The service for the library.
pub fn interop(journal: &Arc<Journal>) -> Service {
    let stream = |rpc| Arc::new(Streaming { journal: journal.clone(), rpc }) as Arc<dyn StreamHandler + Send + Sync>;
    Service {
        methods: HashMap::from([
            ("Unary".into(), Box::new(Unary { journal: journal.clone() }) as Box<dyn MethodHandler + Send + Sync>),
            ("Nothing".into(), Box::new(Nothing)),
        ]),
        streams: HashMap::from([
            ("ServerStream".into(), stream(Rpc::ServerStream)),
            ("ClientStream".into(), stream(Rpc::ClientStream)),
            ("Bidi".into(), stream(Rpc::Bidi)),
            ("NothingServerStream".into(), stream(Rpc::NothingServerStream)),
            ("NothingClientStream".into(), stream(Rpc::NothingClientStream)),
            ("NothingStream".into(), stream(Rpc::NothingStream)),
        ]),
    }
}

struct Unary {
    journal: Arc<Journal>,
}

#[async_trait]
impl MethodHandler for Unary {
    async fn handler(&self, context: TtrpcContext, request: ttrpc::Request) -> ttrpc::Result<Response> {
        let request: Request = decode(&request.payload)?;
        let mut call = Call::new(&self.journal, "Unary", context);
        call.begin(&request);
        call.wait(request.delay_ms).await;
        let result = call.fail_if_due(true).map(|()| {
            let mut sum = Sum::default();
            sum.add(request.seq, &request.body);
            let seq = request.seq;
            call.first_reply(with_sum(Reply { seq, body: reply_body(request), ..Default::default() }, &sum))
        });
        answer(call.end(result))
    }
}

struct Nothing;

#[async_trait]
impl MethodHandler for Nothing {
    async fn handler(&self, _: TtrpcContext, request: ttrpc::Request) -> ttrpc::Result<Response> {
        answer(Ok(decode::<Empty>(&request.payload)?))
    }
}

enum Rpc {
    ServerStream,
    ClientStream,
    Bidi,
    NothingServerStream,
    NothingClientStream,
    NothingStream,
}

struct Streaming {
    journal: Arc<Journal>,
    rpc: Rpc,
}

#[async_trait]
impl StreamHandler for Streaming {
    async fn handler(&self, context: TtrpcContext, stream: StreamInner) -> ttrpc::Result<Option<Response>> {
        let call = |method| Call::new(&self.journal, method, context);
        match self.rpc {
            Rpc::ServerStream => server_stream(call("ServerStream"), stream).await,
            Rpc::ClientStream => client_stream(call("ClientStream"), stream).await,
            Rpc::Bidi => bidi(call("Bidi"), stream).await,
            Rpc::NothingServerStream => nothing_server_stream(stream).await,
            Rpc::NothingClientStream => nothing_client_stream(stream).await,
            Rpc::NothingStream => nothing_stream(stream).await,
        }
    }
}

async fn server_stream(mut call: Call, mut stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let request: Request = decode(&stream.recv().await?)?;
    let replies = ServerStreamSender::new(stream);
    call.begin(&request);
    let result = send_replies(&mut call, &request, &replies).await;
    end(call.end(result))
}

async fn send_replies(call: &mut Call, request: &Request, replies: &ServerStreamSender<Reply>) -> ttrpc::Result<()> {
    for seq in 0..u64::from(request.reply_count) {
        call.fail_if_due(false)?;
        call.wait(request.delay_ms).await;
        let mut reply = Reply { seq, body: body::pattern(seq, request.reply_bytes as usize), ..Default::default() };
        if seq == 0 {
            reply = call.first_reply(reply);
            if !request.body.is_empty() {
                let mut sum = Sum::default();
                sum.add(request.seq, &request.body);
                reply = with_sum(reply, &sum);
            }
        }
        call.sending();
        replies.send(&reply).await?;
        call.handled();
    }
    call.fail_if_due(true)
}

async fn client_stream(mut call: Call, stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let result = receive(&mut call, ServerStreamReceiver::new(stream)).await;
    answer(call.end(result)).map(Some)
}

async fn receive(call: &mut Call, mut requests: ServerStreamReceiver<Request>) -> ttrpc::Result<Reply> {
    let mut sum = Sum::default();
    let mut seq = 0;
    while let Some(request) = requests.recv().await? {
        call.begin(&request);
        call.wait(request.delay_ms).await;
        call.fail_if_due(false)?;
        if sum.count == 0 {
            seq = request.seq;
        }
        sum.add(request.seq, &request.body);
        call.handled();
        call.fail_if_due(false)?;
    }
    call.fail_if_due(true)?;
    Ok(call.first_reply(with_sum(Reply { seq, ..Default::default() }, &sum)))
}

async fn bidi(mut call: Call, stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let result = answer_each(&mut call, ServerStream::new(stream)).await;
    end(call.end(result))
}

async fn answer_each(call: &mut Call, mut stream: ServerStream<Reply, Request>) -> ttrpc::Result<()> {
    let mut answered = false;
    while let Some(request) = stream.recv().await? {
        call.begin(&request);
        call.wait(request.delay_ms).await;
        call.fail_if_due(false)?;
        let (seq, copies) = (request.seq, request.reply_count.max(1));
        let reply = Reply { seq, body: reply_body(request), ..Default::default() };
        for _ in 0..copies {
            call.sending();
            if answered {
                stream.send(&reply).await?;
            } else {
                stream.send(&call.first_reply(reply.clone())).await?;
                answered = true;
            }
        }
        call.handled();
        call.fail_if_due(false)?;
    }
    call.fail_if_due(true)
}

async fn nothing_server_stream(mut stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    decode::<Empty>(&stream.recv().await?)?;
    let replies = ServerStreamSender::new(stream);
    for _ in 0..3 {
        replies.send(&Empty::new()).await?;
    }
    Ok(None)
}

async fn nothing_client_stream(stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let mut requests = ServerStreamReceiver::<Empty>::new(stream);
    while requests.recv().await?.is_some() {}
    answer(Ok(Empty::new())).map(Some)
}

async fn nothing_stream(stream: StreamInner) -> ttrpc::Result<Option<Response>> {
    let mut stream = ServerStream::<Empty, Empty>::new(stream);
    while stream.recv().await?.is_some() {
        stream.send(&Empty::new()).await?;
    }
    Ok(None)
}

fn reply_body(request: Request) -> Vec<u8> {
    match request.reply_bytes {
        0 => request.body,
        size => body::pattern(request.seq, size as usize),
    }
}
