//! Makes the messages of ../proto; the services are registered by hand, as generated code would do it.

fn main() {
    println!("cargo:rerun-if-changed=../proto");
    protobuf_codegen::Codegen::new()
        .pure()
        .include("../proto")
        .inputs(["../proto/interop.proto", "../proto/test_service.proto"])
        .cargo_out_dir("proto")
        .run()
        .expect("the .proto files cannot be compiled");
}
