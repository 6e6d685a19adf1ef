//! Makes calls with the ttrpc crate as the harness tells it on stdin (see ../../README.md).

mod burst;
mod call;
mod connections;
mod messages;
mod opening;
mod progress;
mod result;
mod spec;
mod test_service;

use std::sync::Arc;

use interop_peer::lines::{self, Answer, Command};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use ttrpc::r#async::Client;

use crate::burst::BurstSpec;
use crate::call::Shape;
use crate::connections::Connections;
use crate::progress::{Announcer, Named, Progress};
use crate::spec::CallSpec;
use crate::test_service::TestCallSpec;

// With more than one thread the library's client and server lose the order of messages.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let driver = Arc::new(Driver::default());
    lines::write(&json!({ "ready": true }));
    let served = lines::serve(move |command| {
        let driver = driver.clone();
        async move { driver.obey(command).await }
    });
    if let Err(error) = served.await {
        eprintln!("client: {error}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

#[derive(Default)]
struct Driver {
    connections: Connections,
    progress: Arc<Progress>,
}

#[derive(Deserialize)]
struct Connect {
    connection: String,
    address: String,
}

#[derive(Deserialize)]
struct OfConnection {
    connection: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfCall {
    call: String,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    timeout_ms: u64,
}

impl Driver {
    async fn obey(&self, command: Command) -> Answer {
        match command.op.as_str() {
            "connect" => {
                let Connect { connection, address } = command.fields()?;
                self.connections.connect(connection, &address).await?;
                Ok(json!({}))
            }
            "close" => {
                let OfConnection { connection } = command.fields()?;
                self.connections.close(&connection)?;
                Ok(json!({}))
            }
            "half-close" => {
                let OfConnection { connection } = command.fields()?;
                self.connections.half_close(&connection)?;
                Ok(json!({}))
            }
            "cancel" => {
                let OfCall { call, .. } = command.fields()?;
                let found = self.progress.read(|calls| calls.get(&call).map(Named::cancel));
                found.ok_or_else(|| format!("call {call:?} is not known"))?;
                Ok(json!({}))
            }
            "progress" => {
                let OfCall { call, .. } = command.fields()?;
                self.progress.read(|calls| match calls.get(&call) {
                    Some(found) => Ok(json!({ "sent": found.sent, "received": found.replies })),
                    None => Err(format!("call {call:?} is not known")),
                })
            }
            "await-replies" => self.await_replies(command.fields()?).await,
            "burst" => {
                let spec: BurstSpec = command.fields()?;
                let client = self.connections.client(&spec.connection)?;
                fields_of(&burst::run(spec, client).await)
            }
            "test-service" => {
                let spec: TestCallSpec = command.fields()?;
                let (client, announcer, cancelled) = self.begin(&spec.connection, spec.call.clone())?;
                fields_of(&test_service::run(client, &spec, announcer, cancelled).await)
            }
            op => match Shape::of(op) {
                Some(shape) => self.call(shape, command.fields()?).await,
                None => Err(format!("unknown command {op:?}")),
            },
        }
    }

    async fn await_replies(&self, OfCall { call, count, timeout_ms }: OfCall) -> Answer {
        let got = self.progress.until(
            timeout_ms,
            |calls| match calls.get(&call) {
                Some(found) if found.replies >= count => Some(Ok(json!({}))),
                Some(found) if found.over => {
                    Some(Err(format!("call {call:?} ended with {} replies, expected {count}", found.replies)))
                }
                _ => None,
            },
            |calls| {
                let replies = calls.get(&call).map_or(0, |found| found.replies);
                format!("call {call:?} has {replies} replies, expected {count}")
            },
        );
        got.await
    }

    async fn call(&self, shape: Shape, spec: CallSpec) -> Answer {
        if spec.wire_timeout_ms.is_some() {
            return Err("the library's client keeps the timeout that it sends".into());
        }
        let (client, announcer, cancelled) = self.begin(&spec.connection, spec.call.clone())?;
        fields_of(&call::run(client, shape, &spec, announcer, cancelled).await)
    }

    /// What a call needs: the client, where to announce its replies, and what says that it is cancelled.
    fn begin(
        &self,
        connection: &str,
        name: Option<String>,
    ) -> Result<(Client, Announcer, watch::Receiver<bool>), String> {
        let client = self.connections.client(connection)?;
        let (cancel, cancelled) = watch::channel(false);
        self.connections.ends_with(connection, cancel.clone())?;
        Ok((client, Announcer::begin(&self.progress, name, cancel)?, cancelled))
    }
}

fn fields_of(result: &impl Serialize) -> Answer {
    serde_json::to_value(result).map_err(|error| error.to_string())
}
