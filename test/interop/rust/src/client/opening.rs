//! The Request that opens a call.

use std::collections::HashMap;

use ttrpc::context::{self, Context};

/// A Request without its message, as the code that ttrpc-codegen makes gives it.
pub fn opening(
    service: &str,
    method: &str,
    metadata: &HashMap<String, Vec<String>>,
    timeout_ms: u64,
) -> ttrpc::Request {
    let mut context = Context::default();
    for (key, values) in metadata {
        context.set(key.clone(), values.clone());
    }
    ttrpc::Request {
        service: service.into(),
        method: method.into(),
        timeout_nano: i64::try_from(u128::from(timeout_ms) * 1_000_000).unwrap_or(i64::MAX),
        metadata: context::to_pb(context.metadata),
        ..Default::default()
    }
}
