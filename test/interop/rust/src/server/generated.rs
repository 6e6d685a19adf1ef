//! What the code that ttrpc-codegen makes does around a handler.

use ttrpc::proto::{Code, Codec};
use ttrpc::{Error, Response};

/// A message that came.
pub fn decode<M: Codec<E = protobuf::Error>>(payload: &[u8]) -> ttrpc::Result<M> {
    M::decode(payload).map_err(|error| Error::Others(error.to_string()))
}

/// The Response of a call with one answer.
pub fn answer<M: Codec<E = protobuf::Error>>(result: ttrpc::Result<M>) -> ttrpc::Result<Response> {
    let mut response = Response::new();
    match result {
        Ok(message) => {
            response.set_status(ttrpc::get_status(Code::OK, ""));
            response.payload = message.encode().map_err(|error| Error::Others(error.to_string()))?;
        }
        Err(error) => response.set_status(status_of(error)),
    }
    Ok(response)
}

/// The end of a call with many answers: a Response for an error only.
pub fn end(result: ttrpc::Result<()>) -> ttrpc::Result<Option<Response>> {
    Ok(result.err().map(|error| {
        let mut response = Response::new();
        response.set_status(status_of(error));
        response
    }))
}

fn status_of(error: Error) -> ttrpc::Status {
    match error {
        Error::RpcStatus(status) => status,
        other => ttrpc::get_status(Code::UNKNOWN, format!("{other:?}")),
    }
}
