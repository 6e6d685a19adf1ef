//! What the server and the client of the interoperability tests share.

pub mod body;
pub mod changes;
pub mod lines;
pub mod socket;

/// The messages of ../proto/interop.proto.
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/proto/mod.rs"));
    pub use interop::*;
}
