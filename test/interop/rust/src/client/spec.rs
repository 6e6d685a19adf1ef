//! What the harness says of one call. Bodies are described by their size.

use std::collections::HashMap;

use base64::prelude::{Engine, BASE64_STANDARD};
use interop_peer::body::pattern;
use interop_peer::proto::{Failure, Request};
use protobuf::well_known_types::any::Any;
use protobuf::MessageField;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CallSpec {
    pub connection: String,
    /// A name for cancel and await-replies.
    pub call: Option<String>,
    pub service: Option<String>,
    pub method: Option<String>,
    /// Messages are google.protobuf.Empty.
    pub empty: bool,
    pub request: RequestSpec,
    pub requests: Vec<RequestSpec>,
    pub generate: Option<GenerateSpec>,
    /// Bidi: wait for a message's replies before sending the next one.
    pub lockstep: bool,
    /// Do not close the sending side.
    pub keep_open: bool,
    pub metadata: HashMap<String, Vec<String>>,
    pub timeout_ms: u64,
    /// A reader who sleeps: `pause_ms` after each so many replies.
    pub pause_every: u64,
    pub pause_ms: u64,
    /// The library cannot do that.
    pub wire_timeout_ms: Option<u64>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestSpec {
    pub seq: u64,
    pub body_bytes: usize,
    pub reply_count: u32,
    pub reply_bytes: u32,
    pub delay_ms: u32,
    pub fail: Option<FailSpec>,
}

#[derive(Clone, Deserialize)]
pub struct FailSpec {
    code: i32,
    message: String,
    #[serde(default)]
    details: Vec<DetailSpec>,
    #[serde(default)]
    after: u32,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetailSpec {
    type_url: String,
    #[serde(deserialize_with = "from_base64")]
    value: Vec<u8>,
}

/// `count` requests alike, with ascending seq. With `delay_every` only each so many-th has the delay.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateSpec {
    count: usize,
    #[serde(default)]
    delay_every: usize,
    #[serde(flatten)]
    request: RequestSpec,
}

impl CallSpec {
    /// How many requests a client-streaming call sends.
    pub fn count(&self) -> usize {
        self.generate.as_ref().map_or(self.requests.len(), |generate| generate.count)
    }

    /// The request at `index`.
    pub fn request_at(&self, index: usize) -> RequestSpec {
        match &self.generate {
            Some(GenerateSpec { request, delay_every, .. }) => {
                let waits = *delay_every == 0 || (index + 1) % delay_every == 0;
                let delay_ms = if waits { request.delay_ms } else { 0 };
                RequestSpec { seq: request.seq + index as u64, delay_ms, ..request.clone() }
            }
            None => self.requests[index].clone(),
        }
    }
}

impl RequestSpec {
    /// How many replies of Bidi belong to this request.
    pub fn replies(&self) -> u32 {
        self.reply_count.max(1)
    }

    pub fn message(&self) -> Request {
        Request {
            seq: self.seq,
            body: pattern(self.seq, self.body_bytes),
            reply_count: self.reply_count,
            reply_bytes: self.reply_bytes,
            delay_ms: self.delay_ms,
            fail: MessageField(self.fail.as_ref().map(|fail| Box::new(fail.message()))),
            ..Default::default()
        }
    }
}

impl FailSpec {
    fn message(&self) -> Failure {
        let details = self.details.iter().map(|DetailSpec { type_url, value }| Any {
            type_url: type_url.clone(),
            value: value.clone(),
            ..Default::default()
        });
        Failure {
            code: self.code,
            message: self.message.clone(),
            details: details.collect(),
            after: self.after,
            ..Default::default()
        }
    }
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}
