//! `bench-peer server <socket>` serves bench.v1.Bench with the ttrpc crate until stdin ends; `bench-peer driver` calls
//! it as the runner says on stdin, one JSON object a line.

mod driver;
mod load;
mod messages;
mod server;
mod streams;

mod proto {
    include!(concat!(env!("OUT_DIR"), "/proto/mod.rs"));
    pub use bench::*;
}

// With more than one thread the library's client and server lose the order of messages in streams.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", path] => server::run(path).await,
        ["driver"] => driver::run().await,
        _ => Err("expected `server <socket>` or `driver`".into()),
    };
    if let Err(error) = &ended {
        eprintln!("bench-peer: {error}");
    }
    // Not by return: tasks that the library never ends must not hold the program.
    std::process::exit(i32::from(ended.is_err()));
}
