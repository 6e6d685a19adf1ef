//! One measurement.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{json, Value};
use ttrpc::context::{self, Context};
use ttrpc::proto::Codec;
use ttrpc::r#async::Client;

use crate::messages::{body, check, order, SERVICE};
use crate::proto::{Echo, Order};
use crate::streams;

/// What the runner asks for; see bench/model.ts.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    pub kind: String,
    pub bytes: usize,
    pub in_flight: usize,
    pub calls: usize,
    #[serde(default)]
    pub metadata: bool,
    #[serde(default)]
    pub deadline_ms: i64,
}

/// Carries a load and measures it.
pub async fn run(load: Load, clients: &[Client], first: u32) -> Result<Value, String> {
    let (calls, client) = (load.calls, clients.first().ok_or("run before connect")?);
    let (cpu, start) = (cpu_time(), Instant::now());
    let mut latencies = match load.kind.as_str() {
        "download" => streams::download(&load, client, first).await?,
        "upload" => streams::upload(&load, client, first).await?,
        "chat" => streams::chat(&load, client, first).await?,
        _ => unary(load, clients, first).await?,
    };
    let (elapsed, used) = (start.elapsed(), cpu_time() - cpu);
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).map_or(0.0, |each| micros(*each));
    Ok(json!({
        "calls": calls, "elapsedUs": micros(elapsed), "cpuUs": micros(used), "p50Us": at(50), "p99Us": at(99),
    }))
}

async fn unary(load: Load, clients: &[Client], first: u32) -> Result<Vec<Duration>, String> {
    let body: Arc<Vec<u8>> = body(load.bytes).into();
    let workers: Vec<_> = (0..load.in_flight.min(load.calls))
        .map(|worker| {
            let (client, load, body) = (clients[worker % clients.len()].clone(), load.clone(), body.clone());
            tokio::spawn(async move {
                let mut latencies = Vec::with_capacity(load.calls / load.in_flight + 1);
                for index in (worker..load.calls).step_by(load.in_flight) {
                    let start = Instant::now();
                    one(&load, &client, first + index as u32, &body).await?;
                    latencies.push(start.elapsed());
                }
                Ok::<_, String>(latencies)
            })
        })
        .collect();
    let mut all = Vec::with_capacity(load.calls);
    for worker in workers {
        all.extend(worker.await.map_err(|error| error.to_string())??);
    }
    Ok(all)
}

async fn one(load: &Load, client: &Client, value: u32, body: &[u8]) -> Result<(), String> {
    match load.kind.as_str() {
        "order" => {
            let sent = order(value);
            let answer: Order = call(load, client, "Place", &sent).await?;
            if answer == sent { Ok(()) } else { Err(format!("the response is {answer}, expected {sent}")) }
        }
        kind @ ("unary" | "guarded") => {
            let method = if kind == "unary" { "Unary" } else { "Guarded" };
            let sent = Echo { value, body: body.to_vec(), ..Default::default() };
            check(&call::<_, Echo>(load, client, method, &sent).await?, value, body)
        }
        kind => Err(format!("kind {kind:?}: expected unary, guarded, order, download, upload or chat")),
    }
}

/// As the code that ttrpc-codegen makes calls.
async fn call<Q, P>(load: &Load, client: &Client, method: &str, message: &Q) -> Result<P, String>
where
    Q: Codec<E = protobuf::Error>,
    P: Codec<E = protobuf::Error>,
{
    let mut request = opening(method);
    if load.metadata {
        let mut context = Context::default();
        context.set("request-id".into(), vec!["5f8d0d55b54764421b7156c9".into()]);
        context.set("tenant".into(), vec!["north".into()]);
        request.metadata = context::to_pb(context.metadata);
    }
    request.timeout_nano = load.deadline_ms * 1_000_000;
    request.payload = message.encode().map_err(|error| error.to_string())?;
    let response = client.request(request).await.map_err(|error| error.to_string())?;
    P::decode(response.payload).map_err(|error| error.to_string())
}

/// The Request that opens a call.
pub fn opening(method: &str) -> ttrpc::Request {
    ttrpc::Request { service: SERVICE.into(), method: method.into(), ..Default::default() }
}

fn cpu_time() -> Duration {
    // SAFETY: getrusage fills the struct that it is given; all zeros are a value of it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let of = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    of(usage.ru_utime) + of(usage.ru_stime)
}

fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1000.0
}
