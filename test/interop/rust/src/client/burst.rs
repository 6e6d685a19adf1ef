//! Many unary calls at once on one connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use interop_peer::body::is_pattern;
use interop_peer::proto::{Reply, Request};
use serde::{Deserialize, Serialize};
use ttrpc::proto::Codec;
use ttrpc::r#async::Client;
use ttrpc::Error;

use crate::result::name_of;
use crate::spec::RequestSpec;

/// `count` calls with seq `first_seq` and up. Call i asks for a delay of i * 7919 % 101 hundredths of `max_delay_ms`, so
/// that the answers overtake each other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BurstSpec {
    pub connection: String,
    count: u64,
    #[serde(default)]
    first_seq: u64,
    #[serde(default)]
    body_bytes: usize,
    max_delay_ms: u64,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BurstResult {
    /// Number of calls by status code.
    statuses: HashMap<i32, u64>,
    transport_errors: HashMap<&'static str, u64>,
    /// Answers that belong to another call or have another body.
    wrong: u64,
    /// Answers that came after one of a later call.
    overtaken: u64,
    /// Calls that were open at the same time.
    most_open: u64,
    elapsed_ms: u64,
    #[serde(skip)]
    open: u64,
    #[serde(skip)]
    newest: u64,
}

pub async fn run(spec: BurstSpec, client: Client) -> BurstResult {
    let begun = Instant::now();
    let result = Arc::new(Mutex::new(BurstResult::default()));
    let (spec, client) = (Arc::new(spec), Arc::new(client));
    let calls: Vec<_> = (0..spec.count)
        .map(|index| {
            result.lock().unwrap().opened();
            let (spec, client, result) = (spec.clone(), client.clone(), result.clone());
            tokio::spawn(async move {
                let seq = spec.first_seq + index;
                let answer = call(&client, &spec, seq, index).await;
                result.lock().unwrap().ended(index, answer, |reply: &Reply| {
                    reply.seq == seq && reply.body.len() == spec.body_bytes && is_pattern(seq, &reply.body)
                });
            })
        })
        .collect();
    for call in calls {
        call.await.expect("a call panicked");
    }
    let mut result = std::mem::take(&mut *result.lock().unwrap());
    result.elapsed_ms = begun.elapsed().as_millis() as u64;
    result
}

async fn call(client: &Client, spec: &BurstSpec, seq: u64, index: u64) -> ttrpc::Result<Reply> {
    let delay_ms = (index * 7919 % 101 * spec.max_delay_ms / 100) as u32;
    let request: Request = RequestSpec { seq, body_bytes: spec.body_bytes, delay_ms, ..Default::default() }.message();
    let response = client
        .request(ttrpc::Request {
            service: "interop.v1.Interop".into(),
            method: "Unary".into(),
            payload: request.encode().map_err(|error| Error::Others(error.to_string()))?,
            ..Default::default()
        })
        .await?;
    Reply::decode(response.payload).map_err(|error| Error::Others(error.to_string()))
}

impl BurstResult {
    fn opened(&mut self) {
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
    }

    fn ended(&mut self, index: u64, answer: ttrpc::Result<Reply>, is_right: impl FnOnce(&Reply) -> bool) {
        self.open -= 1;
        match answer {
            Ok(reply) => {
                *self.statuses.entry(0).or_default() += 1;
                self.overtaken += u64::from(index < self.newest);
                self.newest = self.newest.max(index);
                self.wrong += u64::from(!is_right(&reply));
            }
            Err(Error::RpcStatus(status)) => *self.statuses.entry(status.code.value()).or_default() += 1,
            Err(error) => *self.transport_errors.entry(name_of(&error)).or_default() += 1,
        }
    }
}
