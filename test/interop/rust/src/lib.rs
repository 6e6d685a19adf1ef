//! What the server and the client of the interoperability tests share.

pub mod body;
pub mod changes;
pub mod lines;
pub mod socket;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/proto/mod.rs"));
}
/// The messages of ../proto/interop.proto.
pub use generated::interop as proto;
/// The messages of ../proto/test_service.proto.
pub use generated::test_service;
