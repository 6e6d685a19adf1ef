//! Generates the messages of ../proto/interop.proto into Cargo's output folder.

fn main() {
    println!("cargo:rerun-if-changed=../proto/interop.proto");
    protobuf_codegen::Codegen::new()
        .pure()
        .include("../proto")
        .input("../proto/interop.proto")
        .cargo_out_dir("messages")
        .run_from_script();
}
