//! The messages that a call sends and gets: those of the service, or google.protobuf.Empty in their place.

use interop_peer::body::Sum;
use interop_peer::proto::{Reply, Request};
use protobuf::well_known_types::empty::Empty;
use ttrpc::proto::Codec;

use crate::spec::RequestSpec;

pub trait Outgoing: Codec<E = protobuf::Error> + Send + Sync {
    /// The request that a spec asks for, added to what is sent.
    fn of(spec: &RequestSpec, sent: &mut Sum) -> Self;
}

pub trait Incoming: Codec<E = protobuf::Error> + Send + Sync {
    /// The reply that this is.
    fn into_reply(self) -> Reply;
}

impl Outgoing for Request {
    fn of(spec: &RequestSpec, sent: &mut Sum) -> Self {
        let message = spec.message();
        sent.add(message.seq, &message.body);
        message
    }
}

impl Outgoing for Empty {
    fn of(_: &RequestSpec, sent: &mut Sum) -> Self {
        sent.add(0, &[]);
        Self::new()
    }
}

impl Incoming for Reply {
    fn into_reply(self) -> Reply {
        self
    }
}

impl Incoming for Empty {
    fn into_reply(self) -> Reply {
        Reply::new()
    }
}
