//! The commands of the runner.

use serde::Deserialize;
use serde_json::{json, Value};
use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use tokio::time::{sleep, Duration};
use ttrpc::r#async::Client;

use crate::load::{self, Load};

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Command {
    Connect { path: String, connections: usize },
    Run(Load),
    /// Those with a garbage collector run it.
    Collect,
    Close,
}

/// Obeys the runner until stdin ends.
pub async fn run() -> Result<(), String> {
    println!(r#"{{"ready":true}}"#);
    // Not 0, which protobuf leaves out.
    let (mut clients, mut next) = (Vec::new(), 1);
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await.map_err(|error| error.to_string())? {
        let answer = match obey(&line, &mut clients, &mut next).await {
            Ok(answer) => answer,
            Err(error) => json!({ "error": error }),
        };
        println!("{answer}");
    }
    Ok(())
}

async fn obey(line: &str, clients: &mut Vec<Client>, next: &mut u32) -> Result<Value, String> {
    match serde_json::from_str(line).map_err(|error| error.to_string())? {
        Command::Connect { path, connections } => {
            for _ in 0..connections {
                clients.push(connect(&path).await?);
            }
            Ok(json!({}))
        }
        Command::Run(load) => {
            let first = *next;
            *next += load.calls as u32;
            load::run(load, clients, first).await
        }
        Command::Collect => Ok(json!({})),
        Command::Close => {
            clients.clear();
            Ok(json!({}))
        }
    }
}

/// A server that accepts slowly has no place in its backlog for a moment.
async fn connect(path: &str) -> Result<Client, String> {
    let mut refused = String::new();
    for _ in 0..1000 {
        match Client::connect(&format!("unix://{path}")).await {
            Ok(client) => return Ok(client),
            Err(error) => refused = error.to_string(),
        }
        sleep(Duration::from_millis(1)).await;
    }
    Err(refused)
}
