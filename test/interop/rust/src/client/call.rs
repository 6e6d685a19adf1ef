//! One call on its way.

use std::time::Duration;

use interop_peer::body::Sum;
use interop_peer::proto::{Reply, Request};
use protobuf::well_known_types::empty::Empty;
use tokio::sync::{watch, Semaphore};
use ttrpc::r#async::{CSReceiver, CSSender, Client, ClientStream, ClientStreamReceiver};
use ttrpc::Error;

use crate::messages::{Incoming, Outgoing};
use crate::opening::opening;
use crate::progress::Announcer;
use crate::result::{CallResult, Collector, End};
use crate::spec::CallSpec;

const INTEROP: &str = "interop.v1.Interop";

/// The four call shapes.
#[derive(Clone, Copy)]
pub enum Shape {
    Unary,
    ServerStream,
    ClientStream,
    Bidi,
}

impl Shape {
    /// The shape that a command names.
    pub fn of(op: &str) -> Option<Self> {
        match op {
            "unary" => Some(Self::Unary),
            "server-stream" => Some(Self::ServerStream),
            "client-stream" => Some(Self::ClientStream),
            "bidi" => Some(Self::Bidi),
            _ => None,
        }
    }

    /// The rpc that a call means unless it names one.
    fn method(self, empty: bool) -> &'static str {
        match (self, empty) {
            (Self::Unary, false) => "Unary",
            (Self::ServerStream, false) => "ServerStream",
            (Self::ClientStream, false) => "ClientStream",
            (Self::Bidi, false) => "Bidi",
            (Self::Unary, true) => "Nothing",
            (Self::ServerStream, true) => "NothingServerStream",
            (Self::ClientStream, true) => "NothingClientStream",
            (Self::Bidi, true) => "NothingStream",
        }
    }
}

/// Makes a call and waits for its end, or until it is cancelled.
pub async fn run(
    client: Client,
    shape: Shape,
    spec: &CallSpec,
    announcer: Announcer,
    mut cancelled: watch::Receiver<bool>,
) -> CallResult {
    let mut call = Call { client, spec, announcer, collector: Collector::new(), sent: Sum::default() };
    let end = tokio::select! {
        end = call.run(shape) => end,
        // The library has no other way: the call is dropped.
        _ = cancelled.wait_for(|cancelled| *cancelled) => End::Cancelled,
    };
    call.collector.result(end, call.sent)
}

struct Call<'a> {
    client: Client,
    spec: &'a CallSpec,
    announcer: Announcer,
    collector: Collector,
    sent: Sum,
}

impl Call<'_> {
    async fn run(&mut self, shape: Shape) -> End {
        if self.spec.empty {
            self.make::<Empty, Empty>(shape).await
        } else {
            self.make::<Request, Reply>(shape).await
        }
    }

    async fn make<Q: Outgoing, P: Incoming>(&mut self, shape: Shape) -> End {
        let opening = self.opening(shape);
        let made = match shape {
            Shape::Unary => self.unary::<Q, P>(opening).await,
            Shape::ServerStream => self.server_stream::<Q, P>(opening).await,
            Shape::ClientStream => self.streaming::<Q, P>(opening, false).await,
            Shape::Bidi => self.streaming::<Q, P>(opening, true).await,
        };
        made.unwrap_or_else(End::Error)
    }

    fn opening(&self, shape: Shape) -> ttrpc::Request {
        let CallSpec { service, method, empty, metadata, timeout_ms, .. } = self.spec;
        let method = method.as_deref().unwrap_or(shape.method(*empty));
        opening(service.as_deref().unwrap_or(INTEROP), method, metadata, *timeout_ms)
    }

    async fn unary<Q: Outgoing, P: Incoming>(&mut self, mut opening: ttrpc::Request) -> ttrpc::Result<End> {
        opening.payload = encode(&Q::of(&self.spec.request, &mut self.sent))?;
        let response = match self.client.request(opening).await {
            Err(error) if is_refusal(&error) => return Ok(End::Refused(error)),
            answered => answered?,
        };
        let reply = P::decode(response.payload).map_err(|error| Error::Others(error.to_string()))?;
        self.collector.take(&reply.into_reply());
        self.announcer.replied();
        Ok(End::Ok)
    }

    async fn server_stream<Q: Outgoing, P: Incoming>(&mut self, mut opening: ttrpc::Request) -> ttrpc::Result<End> {
        opening.payload = encode(&Q::of(&self.spec.request, &mut self.sent))?;
        let stream = match self.client.new_stream(opening, false, true).await {
            Err(error) if is_refusal(&error) => return Ok(End::Refused(error)),
            opened => opened?,
        };
        let mut replies = ClientStreamReceiver::<P>::new(stream, self.client.clone());
        while let Some(reply) = replies.recv().await? {
            self.collector.take(&reply.into_reply());
            self.announcer.replied();
            pause(self.spec, self.collector.count()).await;
        }
        Ok(End::Ok)
    }

    /// A client-streaming or bidi call: sends and receives at the same time.
    async fn streaming<Q: Outgoing, P: Incoming>(&mut self, opening: ttrpc::Request, bidi: bool) -> ttrpc::Result<End> {
        let stream = self.client.new_stream(opening, true, bidi).await?;
        let (requests, replies) = ClientStream::<Q, P>::new(stream).split();
        let replied = Semaphore::new(0);
        let (spec, sent) = (self.spec, &mut self.sent);
        let sending = send(spec, sent, &self.announcer, &requests, &replied);
        let receiving = receive(spec, &mut self.collector, &self.announcer, replies, &replied, bidi);
        tokio::pin!(sending, receiving);
        let mut sends = true;
        loop {
            tokio::select! {
                // The call is over: what is not sent stays so.
                end = &mut receiving => return end.map(|()| End::Ok),
                end = &mut sending, if sends => match end {
                    // The server knows nothing of it: the call ends here.
                    Err(error @ Error::RpcStatus(_)) => return Ok(End::Refused(error)),
                    // Why it cannot send is what the receiving side says.
                    _ => sends = false,
                },
            }
        }
    }
}

async fn send<Q: Outgoing>(
    spec: &CallSpec,
    sent: &mut Sum,
    announcer: &Announcer,
    requests: &CSSender<Q>,
    replied: &Semaphore,
) -> ttrpc::Result<()> {
    for index in 0..spec.count() {
        let request = spec.request_at(index);
        let message = Q::of(&request, sent);
        announcer.sending();
        requests.send(&message).await?;
        if spec.lockstep {
            replied.acquire_many(request.replies()).await.expect("it is never closed").forget();
        }
    }
    if spec.keep_open {
        return Ok(());
    }
    requests.close_send().await
}

async fn receive<P: Incoming>(
    spec: &CallSpec,
    collector: &mut Collector,
    announcer: &Announcer,
    mut replies: CSReceiver<P>,
    replied: &Semaphore,
    bidi: bool,
) -> ttrpc::Result<()> {
    loop {
        let reply = match replies.recv().await {
            Err(Error::Eof) if bidi => return Ok(()),
            reply => reply?,
        };
        collector.take(&reply.into_reply());
        announcer.replied();
        replied.add_permits(1);
        pause(spec, collector.count()).await;
        if !bidi {
            return Ok(());
        }
    }
}

/// Sleeps after a reply, if the reader shall.
async fn pause(spec: &CallSpec, replies: u64) {
    if spec.pause_every > 0 && replies % spec.pause_every == 0 {
        tokio::time::sleep(Duration::from_millis(spec.pause_ms)).await;
    }
}

fn encode<M: Outgoing>(message: &M) -> ttrpc::Result<Vec<u8>> {
    message.encode().map_err(|error| Error::Others(error.to_string()))
}

/// What the library says when a Request is too large for a frame.
fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Others(text) if text.contains("exceed maximum message size"))
}
