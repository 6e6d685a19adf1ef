//! Makes the messages of interop.proto; its services are registered by hand, as the generated code would do it.

fn main() {
    let proto = "../proto/interop.proto";
    println!("cargo:rerun-if-changed={proto}");
    protobuf_codegen::Codegen::new()
        .pure()
        .include("../proto")
        .input(proto)
        .cargo_out_dir("proto")
        .run()
        .expect("interop.proto cannot be compiled");
}
