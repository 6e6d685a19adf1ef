//! The control channel of a peer program: one JSON object a line, commands in, answers out.

use std::future::Future;
use std::io::{BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use tokio::sync::mpsc;

/// One line from the harness. Its answer carries the same id.
#[derive(Deserialize)]
pub struct Command {
    pub id: u64,
    pub op: String,
    #[serde(flatten)]
    fields: Value,
}

impl Command {
    /// The rest of the command's fields.
    pub fn fields<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        T::deserialize(&self.fields).map_err(|error| Refusal::Failed(format!("{}: {error}", self.op)))
    }
}

/// Why a command was not carried out.
#[derive(Debug)]
pub enum Refusal {
    Failed(String),
    /// The library has no way to do this.
    Unsupported(String),
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// The fields of an answer.
pub type Answer = Result<Value, Refusal>;

/// An answer without fields.
pub fn done() -> Answer {
    Ok(json!({}))
}

/// An answer with the fields of `value`.
pub fn answer(value: impl Serialize) -> Answer {
    serde_json::to_value(value).map_err(|error| Refusal::Failed(error.to_string()))
}

/// Writes one object to stdout.
pub fn write(value: &Value) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}").and_then(|()| out.flush()).map_err(|error| format!("cannot answer: {error}"))
}

/// Reads commands from stdin until it ends. Each runs in a task of its own, so answers may change places.
pub async fn serve<H, F>(handle: H) -> Result<(), String>
where
    H: Fn(Command) -> F,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut lines = stdin_lines();
    while let Some(line) = lines.recv().await {
        let line = line.map_err(|error| format!("stdin: {error}"))?;
        if line.is_empty() {
            continue;
        }
        let command: Command =
            serde_json::from_str(&line).map_err(|error| format!("a command that is not JSON: {error}"))?;
        let id = command.id;
        let answered = handle(command);
        tokio::spawn(async move {
            if let Err(error) = write(&line_of(id, answered.await)) {
                eprintln!("{error}");
                std::process::exit(1);
            }
        });
    }
    Ok(())
}

fn line_of(id: u64, answer: Answer) -> Value {
    match answer {
        Ok(mut fields) => {
            fields["id"] = id.into();
            fields
        }
        Err(Refusal::Failed(error)) => json!({ "id": id, "error": error }),
        Err(Refusal::Unsupported(reason)) => {
            json!({ "id": id, "error": format!("unsupported: {reason}"), "unsupported": reason })
        }
    }
}

/// The lines of stdin, read by a thread: the runtime's only one must not wait for them.
fn stdin_lines() -> mpsc::UnboundedReceiver<std::io::Result<String>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
