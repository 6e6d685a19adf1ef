//! Serves interop.v1.Interop and grpc.testing.TestService with the ttrpc crate and obeys the harness on stdin (see ../../README.md).

mod call;
mod generated;
mod journal;
mod service;
mod test_service;

use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::Arc;

use futures::stream::unfold;
use interop_peer::lines::{self, Answer, Command};
use interop_peer::socket::{path_of, Handle, Socket};
use serde::Deserialize;
use serde_json::json;
use tokio::net::UnixListener;
use tokio::sync::Mutex;
use ttrpc::r#async::transport::Listener;
use ttrpc::r#async::Server;

use crate::journal::Journal;

// With more than one thread the library's client and server lose the order of messages.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let served = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["-addr", address] => run(address).await,
        _ => Err("expected -addr unix:///path".into()),
    };
    let status = match served {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("server: {error}");
            1
        }
    };
    // Not by return: handlers that the library never ends must not hold the program.
    std::process::exit(status);
}

async fn run(address: &str) -> Result<(), String> {
    let listener = UnixListener::bind(path_of(address)?).map_err(|error| format!("{address}: {error}"))?;
    let journal = Arc::new(Journal::default());
    let services = HashMap::from([
        ("interop.v1.Interop".into(), service::interop(&journal)),
        ("grpc.testing.TestService".into(), test_service::test_service(&journal)),
    ]);
    let mut server = Server::new().add_listener(tracked(listener, journal.clone())).register_service(services);
    server.start().await.map_err(|error| error.to_string())?;
    let server = Arc::new(Mutex::new(server));
    lines::write(&json!({ "ready": true, "address": address }));
    lines::serve(move |command| obey(command, journal.clone(), server.clone())).await
}

/// A listener whose connections the journal knows.
fn tracked(listener: UnixListener, journal: Arc<Journal>) -> Listener {
    Listener::new(unfold((listener, journal), |(listener, journal)| async {
        let accepted = listener.accept().await.map(|(stream, _)| {
            let id = journal.update(|state| {
                state.accepted += 1;
                state.accepted
            });
            let owner = journal.clone();
            let (socket, handle) = Socket::new(stream, move || owner.update(|state| drop(state.open.remove(&id))));
            journal.update(|state| state.open.insert(id, handle));
            socket
        });
        Some((accepted, (listener, journal)))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wait {
    #[serde(default)]
    timeout_ms: u64,
}

#[derive(Deserialize)]
struct Events {
    #[serde(default)]
    clear: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AwaitEvent {
    event: String,
    method: String,
    seq: u64,
    #[serde(default)]
    timeout_ms: u64,
}

#[derive(Deserialize)]
struct OfCall {
    method: String,
    seq: u64,
}

async fn obey(command: Command, journal: Arc<Journal>, server: Arc<Mutex<Server>>) -> Answer {
    match command.op.as_str() {
        "drop-connections" => end_all(&journal, Shutdown::Both),
        "half-close" => end_all(&journal, Shutdown::Write),
        "connections" => Ok(journal.read(|state| json!({ "open": state.open.len(), "accepted": state.accepted }))),
        "events" => {
            let Events { clear } = command.fields()?;
            Ok(journal.update(|state| {
                let events = json!({ "events": state.events });
                if clear {
                    state.events.clear();
                }
                events
            }))
        }
        "await-event" => {
            let wanted: AwaitEvent = command.fields()?;
            let found = journal.until(
                wanted.timeout_ms,
                |state| {
                    let mut events = state.events.iter();
                    let found = events.find(|each| {
                        each.event == wanted.event && each.method == wanted.method && each.seq == wanted.seq
                    });
                    found.map(|event| Ok(json!({ "event": event })))
                },
                |state| {
                    let AwaitEvent { event, method, seq, .. } = &wanted;
                    format!("{event} of {method} seq {seq} has not happened; journal: {:?}", state.events)
                },
            );
            found.await
        }
        "progress" => {
            let wanted: OfCall = command.fields()?;
            journal.read(|state| {
                let found =
                    state.counts.iter().find(|((method, seq), _)| *method == wanted.method && *seq == wanted.seq);
                match found {
                    Some((_, counts)) => Ok(json!({ "sent": counts.sent, "received": counts.received })),
                    None => Err(format!("no call of {} with seq {} runs", wanted.method, wanted.seq)),
                }
            })
        }
        "await-idle" => {
            let Wait { timeout_ms } = command.fields()?;
            let idle = journal.until(
                timeout_ms,
                |state| (state.open.is_empty() && state.running == 0).then(|| Ok(json!({}))),
                |state| {
                    let (open, running) = (state.open.len(), state.running);
                    format!("{open} connections are open, {running} calls run; journal: {:?}", state.events)
                },
            );
            idle.await
        }
        "forget" => {
            journal.update(|state| state.forget());
            Ok(json!({}))
        }
        "shutdown" => {
            server.lock().await.shutdown().await.map_err(|error| error.to_string())?;
            Ok(json!({}))
        }
        other => Err(format!("unknown command {other:?}")),
    }
}

fn end_all(journal: &Journal, how: Shutdown) -> Answer {
    let open: Vec<Handle> = journal.read(|state| state.open.values().cloned().collect());
    for socket in &open {
        socket.shutdown(how)?;
    }
    Ok(json!({ "ended": open.len() }))
}
