//! What the harness learns of one call.

use std::collections::HashMap;
use std::time::Instant;

use base64::prelude::{Engine, BASE64_STANDARD};
use interop_peer::body::{is_pattern, Sum};
use interop_peer::proto::Reply;
use serde::Serialize;
use ttrpc::proto::{Code, Status};
use ttrpc::Error;

/// How a call ended.
pub enum End {
    Ok,
    /// An error of the library, from the server or not.
    Error(Error),
    /// The library refused to send a message.
    Refused(Error),
    /// The harness gave it up.
    Cancelled,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallResult {
    /// Absent if the call ended without one, that is by `transport_error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusResult>,
    /// The call was given up on this side: a message that is too large, its deadline, cancelled.
    local: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport_error: Option<TransportError>,
    replies: Replies,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_reply: Option<FirstReply>,
    sent: Sum,
    elapsed_ms: u64,
}

#[derive(Serialize)]
pub struct StatusResult {
    code: i32,
    message: String,
    details: Vec<Detail>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    type_url: String,
    value: String,
}

#[derive(Serialize)]
pub struct TransportError {
    pub name: &'static str,
    message: String,
}

#[derive(Clone, Default, Serialize)]
struct Replies {
    #[serde(flatten)]
    sum: Sum,
    first: u64,
    last: u64,
    /// No seq is lower than the one before it.
    ordered: bool,
    /// Bodies that are not the pattern of their seq.
    wrong: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FirstReply {
    #[serde(flatten)]
    received: Sum,
    seq: u64,
    body_bytes: usize,
    metadata: HashMap<String, Vec<String>>,
    timeout_ms: i64,
}

/// Adds a call's replies up as they come.
pub struct Collector {
    begun: Instant,
    replies: Replies,
    first: Option<FirstReply>,
}

impl Collector {
    pub fn new() -> Self {
        Self { begun: Instant::now(), replies: Replies { ordered: true, ..Default::default() }, first: None }
    }

    /// Takes a reply; an empty one for a google.protobuf.Empty.
    pub fn take(&mut self, reply: &Reply) {
        let Replies { sum, first, last, ordered, wrong } = &mut self.replies;
        if sum.count == 0 {
            *first = reply.seq;
            self.first = Some(FirstReply::of(reply));
        } else if reply.seq < *last {
            *ordered = false;
        }
        *last = reply.seq;
        *wrong += u64::from(!is_pattern(reply.seq, &reply.body));
        sum.add(reply.seq, &reply.body);
    }

    /// Replies so far.
    pub fn count(&self) -> u64 {
        self.replies.sum.count
    }

    pub fn result(self, end: End, sent: Sum) -> CallResult {
        let (local, error) = match end {
            End::Ok => (false, None),
            End::Error(error) => (is_own_timeout(&error), Some(error)),
            End::Refused(error) => (true, Some(error)),
            End::Cancelled => (true, Some(Error::RpcStatus(ttrpc::get_status(Code::CANCELLED, "cancelled")))),
        };
        let (status, transport_error) = split(error);
        CallResult {
            status,
            local,
            transport_error,
            replies: self.replies,
            first_reply: self.first,
            sent,
            elapsed_ms: self.begun.elapsed().as_millis() as u64,
        }
    }
}

impl FirstReply {
    fn of(reply: &Reply) -> Self {
        let mut metadata = HashMap::<String, Vec<String>>::new();
        for pair in &reply.metadata {
            metadata.entry(pair.key.clone()).or_default().push(pair.value.clone());
        }
        Self {
            received: Sum { count: reply.count, total_bytes: reply.total_bytes, checksum: reply.checksum },
            seq: reply.seq,
            body_bytes: reply.body.len(),
            metadata,
            timeout_ms: reply.timeout_ms,
        }
    }
}

/// The client's own timer for a unary call; the library has no status and no error of its own for it.
fn is_own_timeout(error: &Error) -> bool {
    matches!(error, Error::Others(text) if text.starts_with("Receive packet timeout"))
}

/// The status that an error is, or else what it is.
pub fn split(error: Option<Error>) -> (Option<StatusResult>, Option<TransportError>) {
    let status = match error {
        None => Status::new(),
        Some(Error::RpcStatus(status)) => status,
        Some(ref error) if is_own_timeout(error) => ttrpc::get_status(Code::DEADLINE_EXCEEDED, error.to_string()),
        Some(error) => return (None, Some(TransportError { name: name_of(&error), message: error.to_string() })),
    };
    let details = status
        .details
        .iter()
        .map(|detail| Detail { type_url: detail.type_url.clone(), value: BASE64_STANDARD.encode(&detail.value) });
    (Some(StatusResult { code: status.code.value(), details: details.collect(), message: status.message }), None)
}

/// The library's name of an error that is no status.
pub fn name_of(error: &Error) -> &'static str {
    match error {
        Error::Socket(_) => "Socket",
        Error::RpcStatus(_) => "RpcStatus",
        Error::Nix(_) => "Nix",
        Error::LocalClosed => "LocalClosed",
        Error::RemoteClosed => "RemoteClosed",
        Error::Eof => "Eof",
        Error::Others(_) => "Others",
    }
}
