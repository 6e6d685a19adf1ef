//! Makes the messages of bench.proto; its service is registered by hand, as the generated code would do it.

fn main() {
    let proto = "../proto/bench.proto";
    println!("cargo:rerun-if-changed={proto}");
    protobuf_codegen::Codegen::new()
        .pure()
        .include("../proto")
        .input(proto)
        .cargo_out_dir("proto")
        .run()
        .expect("bench.proto cannot be compiled");
}
