//! The control channel of a peer program: one JSON object a line, commands in, answers out.

use std::future::Future;
use std::io::Write;

use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, BufReader};

/// The fields of an answer, or why the command could not be carried out.
pub type Answer = Result<Value, String>;

/// One line from the harness. Its answer carries the same id.
#[derive(Deserialize)]
pub struct Command {
    id: u64,
    pub op: String,
    #[serde(flatten)]
    fields: serde_json::Map<String, Value>,
}

impl Command {
    /// Reads the command's fields.
    pub fn fields<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_value(Value::Object(self.fields.clone())).map_err(|error| format!("{}: {error}", self.op))
    }
}

/// Writes one object to stdout.
pub fn write(value: &Value) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{value}").and_then(|()| out.flush()).is_err() {
        // The harness is gone.
        std::process::exit(1);
    }
}

/// Reads commands from stdin until it ends. Each runs in a task of its own, so answers may change places.
pub async fn serve<F, T>(handle: F) -> Result<(), String>
where
    F: Fn(Command) -> T,
    T: Future<Output = Answer> + Send + 'static,
{
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.map_err(|error| format!("stdin: {error}"))? {
        let command: Command =
            serde_json::from_str(&line).map_err(|error| format!("a command that is not one: {error}: {line}"))?;
        let id = command.id;
        let carried_out = handle(command);
        tokio::spawn(async move {
            let mut answer = match carried_out.await {
                Ok(Value::Null) => json!({}),
                Ok(fields) => fields,
                Err(error) => json!({ "error": error }),
            };
            answer["id"] = id.into();
            write(&answer);
        });
    }
    Ok(())
}
