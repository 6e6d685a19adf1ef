//! One running call: its place in the journal and the failure that its requests ask for.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::time::{Duration, Instant};

use interop_peer::body::Sum;
use interop_peer::proto::{Failure, Pair, Reply, Request};
use protobuf::MessageField;
use ttrpc::proto::{Any, Code, Status};
use ttrpc::r#async::TtrpcContext;
use ttrpc::Error;

use crate::journal::{Counts, Event, Journal};

pub struct Call {
    journal: Arc<Journal>,
    generation: u64,
    method: &'static str,
    seq: u64,
    begun: bool,
    ended: bool,
    deadline: Option<Instant>,
    timeout_ms: i64,
    metadata: Vec<Pair>,
    fail: MessageField<Failure>,
    handled: u32,
    counts: Arc<Counts>,
}

impl Call {
    pub fn new(journal: &Arc<Journal>, method: &'static str, context: TtrpcContext) -> Self {
        let timeout = u64::try_from(context.timeout_nano).ok().filter(|nanos| *nanos > 0).map(Duration::from_nanos);
        let pairs = context.metadata.into_iter().flat_map(|(key, values)| {
            values.into_iter().map(move |value| Pair { key: key.clone(), value, ..Default::default() })
        });
        Self {
            journal: journal.clone(),
            generation: journal.read(|state| state.generation),
            method,
            seq: 0,
            begun: false,
            ended: false,
            deadline: timeout.and_then(|left| Instant::now().checked_add(left)),
            timeout_ms: timeout.map_or(0, |left| i64::try_from(left.as_millis()).unwrap_or(i64::MAX).max(1)),
            metadata: pairs.collect(),
            fail: MessageField::none(),
            handled: 0,
            counts: Arc::default(),
        }
    }

    /// Records the call under the seq of its first request; later requests change nothing but its failure.
    pub fn begin(&mut self, request: &Request) {
        self.counts.received.fetch_add(1, Relaxed);
        if self.fail.is_none() {
            self.fail = request.fail.clone();
        }
        self.start(request.seq);
    }

    /// Records the call under a seq, once.
    pub fn start(&mut self, seq: u64) {
        if self.begun {
            return;
        }
        self.begun = true;
        self.seq = seq;
        self.record("started", 0, None);
        self.journal.update(|state| state.counts.insert((self.method, seq), self.counts.clone()));
    }

    /// Records how the handler ended and hands its result on.
    pub fn end<T>(mut self, result: ttrpc::Result<T>) -> ttrpc::Result<T> {
        self.start(0);
        match &result {
            Ok(_) => self.finish("finished", 0, None),
            Err(Error::RpcStatus(status)) => self.finish("finished", status.code.value(), None),
            // The library says so when the connection is gone.
            Err(_) => self.cancelled(),
        }
        result
    }

    fn finish(&mut self, event: &'static str, code: i32, cause: Option<&'static str>) {
        self.ended = true;
        self.journal.update(|state| state.counts.remove(&(self.method, self.seq)));
        self.record(event, code, cause);
    }

    fn cancelled(&mut self) {
        let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.finish("cancelled", 0, Some(if late { "deadline" } else { "cancelled" }));
    }

    fn record(&self, event: &'static str, code: i32, cause: Option<&'static str>) {
        let (method, seq) = (self.method, self.seq);
        self.journal.update(|state| state.add(Event { event, method, seq, code, cause }, self.generation));
    }

    pub async fn wait(&self, ms: u32) {
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms.into())).await;
        }
    }

    /// A message was made, which the library is given next.
    pub fn sending(&self) {
        self.counts.sent.fetch_add(1, Relaxed);
    }

    /// One more message was handled.
    pub fn handled(&mut self) {
        self.handled += 1;
    }

    /// The failure if enough messages were handled for it; with `force` at once.
    pub fn fail_if_due(&self, force: bool) -> ttrpc::Result<()> {
        match self.fail.as_ref() {
            Some(fail) if force || self.handled >= fail.after => Err(Error::RpcStatus(status_of(fail))),
            _ => Ok(()),
        }
    }

    /// `reply` with what only the first reply says.
    pub fn first_reply(&mut self, mut reply: Reply) -> Reply {
        reply.timeout_ms = self.timeout_ms;
        reply.metadata = std::mem::take(&mut self.metadata);
        reply
    }
}

/// The library drops a handler that is to stop.
impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.start(0);
            self.cancelled();
        }
    }
}

fn status_of(fail: &Failure) -> Status {
    let details = fail.details.iter().map(|detail| Any {
        type_url: detail.type_url.clone(),
        value: detail.value.clone(),
        ..Default::default()
    });
    let mut status = ttrpc::get_status(Code::UNKNOWN, &fail.message);
    status.code = protobuf::EnumOrUnknown::from_i32(fail.code);
    status.details = details.collect();
    status
}

/// `reply` with what the server received.
pub fn with_sum(mut reply: Reply, sum: &Sum) -> Reply {
    reply.count = sum.count;
    reply.total_bytes = sum.total_bytes;
    reply.checksum = sum.checksum;
    reply
}
