//! Calls a shim's Task service, told by JSON lines on stdin: `{"id":1,"op":"state","request":{…}}`, the request as
//! protobuf's JSON has it. The line on stdout has `response`, or `code` and `message` of a status. The argument is the
//! shim's address.

use std::error::Error;

use containerd_shim_protos::api::*;
use containerd_shim_protos::shim_async::{Client, TaskClient};
use containerd_shim_protos::ttrpc::{self, context::Context};
use protobuf::{well_known_types::any::Any, MessageFull};
use protobuf_json_mapping::{parse_from_str, print_to_string};
use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, BufReader};

// One thread: with more the client of ttrpc loses messages (containerd/ttrpc-rust#311).
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("expected an address")?;
    let client = TaskClient::new(Client::connect(&address).await?);
    println!("{}", json!({ "ready": true }));
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let mut lines = BufReader::new(tokio::io::stdin()).lines();
            while let Some(line) = lines.next_line().await? {
                let command: Value = serde_json::from_str(&line)?;
                let client = client.clone();
                // `wait` ends when something else is called.
                tokio::task::spawn_local(async move {
                    let mut fields =
                        carry_out(&client, &command).await.unwrap_or_else(|e| json!({ "error": e.to_string() }));
                    fields["id"] = command["id"].clone();
                    println!("{fields}");
                });
            }
            Ok(())
        })
        .await
}

async fn carry_out(client: &TaskClient, command: &Value) -> Result<Value, Box<dyn Error>> {
    let request = command["request"].to_string();
    macro_rules! call {
        ($function:ident, $Request:ty) => {
            response(client.$function(Context::default(), &parse_from_str::<$Request>(&request)?).await)
        };
    }
    match command["op"].as_str().unwrap_or_default() {
        "connect" => call!(connect, ConnectRequest),
        "create" => call!(create, CreateTaskRequest),
        "start" => call!(start, StartRequest),
        "state" => call!(state, StateRequest),
        // The JSON mapping has no Any: here `spec` is the process itself, and `stats` the name of its type.
        "exec" => {
            let mut fields = command["request"].clone();
            let process = fields.as_object_mut().and_then(|all| all.remove("spec")).unwrap_or_default();
            let mut request = parse_from_str::<ExecProcessRequest>(&fields.to_string())?;
            let type_url = "types.containerd.io/opencontainers/runtime-spec/1/Process".to_owned();
            request.spec = Some(Any { type_url, value: process.to_string().into_bytes(), ..Any::new() }).into();
            response(client.exec(Context::default(), &request).await)
        }
        "stats" => match client.stats(Context::default(), &parse_from_str::<StatsRequest>(&request)?).await {
            Ok(message) => Ok(json!({ "response": { "stats": message.stats().type_url } })),
            Err(error) => failure(error),
        },
        "pids" => call!(pids, PidsRequest),
        "pause" => call!(pause, PauseRequest),
        "resume" => call!(resume, ResumeRequest),
        "close_io" => call!(close_io, CloseIORequest),
        "kill" => call!(kill, KillRequest),
        "wait" => call!(wait, WaitRequest),
        "delete" => call!(delete, DeleteRequest),
        "shutdown" => call!(shutdown, ShutdownRequest),
        op => Err(format!("unknown op {op:?}").into()),
    }
}

fn response<Response: MessageFull>(result: ttrpc::Result<Response>) -> Result<Value, Box<dyn Error>> {
    match result {
        Ok(message) => Ok(json!({ "response": serde_json::from_str::<Value>(&print_to_string(&message)?)? })),
        Err(error) => failure(error),
    }
}

/// A status is a result; anything else is an error.
fn failure(error: ttrpc::Error) -> Result<Value, Box<dyn Error>> {
    match error {
        ttrpc::Error::RpcStatus(status) => Ok(json!({ "code": status.code.value(), "message": status.message })),
        other => Err(other.into()),
    }
}
