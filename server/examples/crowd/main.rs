//! A crowd of sockets on a board that changes on command, and what that costs the server.
//!
//! ```text
//! cargo build --release -p server --features app/ssr --example board --example crowd
//! taskset -c 1 target/release/examples/crowd burst
//! ```
//!
//! The first argument is a scene: `burst`, `steady`, `floor`, `many`, `stalled`, `storm`, `sight`, or `hold` with a number of
//! sockets, of rows, of changes and of seconds. The server is the example `board`, a process of its own on the first core;
//! both stay on 127.0.0.1. Each scene is bounded in sockets, rows and time.

mod board;
mod floor;
mod frames;
mod member;
mod scenes;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["writer"] {
        return floor::write();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["burst"] => scenes::burst().await,
            ["steady"] => scenes::steady().await,
            ["floor"] => floor::read().await,
            ["many"] => scenes::many().await,
            ["stalled"] => scenes::stalled().await,
            ["storm"] => scenes::storm().await,
            ["sight"] => scenes::sight().await,
            ["hold", port, sockets, rows, changes, seconds] => {
                scenes::hold(port.parse()?, sockets.parse()?, rows.parse()?, changes.parse()?, seconds.parse()?).await
            }
            _ => Err(
                "a scene: burst, steady, floor, many, stalled, storm, sight, hold PORT SOCKETS ROWS CHANGES SECONDS"
                    .into(),
            ),
        }
    })
}
