//! What the machine itself asks for a small frame: a process that does nothing but write the same bytes to a thousand
//! plain connections, one after the other. No server that writes each of its frames gets below that.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::Failure;

/// As long as a small frame of the scene `steady`.
const FRAME: [u8; 81] = [b'x'; 81];

const SOCKETS: usize = 1_000;
const ROUNDS: u32 = 40;

/// The process that writes: a round for each line of its input, answered with what it spent on the processor, ns.
pub(crate) fn write() -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    let mut streams = Vec::new();
    while streams.len() < SOCKETS {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let spent = || {
        let spent = clock_gettime(ClockId::ProcessCPUTime);
        spent.tv_sec * 1_000_000_000 + spent.tv_nsec
    };
    for line in std::io::stdin().lock().lines() {
        line?;
        let before = spent();
        for stream in &mut streams {
            stream.write_all(&FRAME)?;
        }
        println!("{}", spent() - before);
    }
    Ok(())
}

/// Reads what it writes, as often as the feed sends.
pub(crate) async fn read() -> Result<(), Failure> {
    let mut child = Command::new("taskset")
        .args(["-c", "0"])
        .arg(std::env::current_exe()?)
        .arg("writer")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut commands = child.stdin.take().ok_or("no input")?;
    let mut answers = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let address: SocketAddr = answers.next().ok_or("no address")??.parse()?;
    for _ in 0..SOCKETS {
        let mut stream = TcpStream::connect(address).await?;
        spawn_local(async move {
            let mut room = [0; 1024];
            while stream.read(&mut room).await.is_ok_and(|read| read > 0) {}
        });
    }
    let mut spent = 0;
    for _ in 0..ROUNDS {
        sleep(Duration::from_millis(260)).await;
        writeln!(commands, "write")?;
        spent += answers.next().ok_or("the writer ended")??.parse::<i64>()?;
    }
    drop(commands);
    child.wait()?;
    let each = spent as f64 / 1e3 / f64::from(ROUNDS) / SOCKETS as f64;
    println!("floor: a bare write of {} bytes to each of {SOCKETS}, {each:.1} µs of the processor", FRAME.len());
    Ok(())
}
