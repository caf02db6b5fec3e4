//! What the program is asked to do, done.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Command, Config, LogConfig, LogFormat, MarketCommand};
use crate::demo::Demo;
use crate::observe::logging;
use crate::{run, signals};

/// How long the server may take to say that it lives.
const PATIENCE: Duration = Duration::from_secs(3);

/// The exit code of a start that was refused.
const REFUSED: u8 = 2;

/// Does it, and answers the exit code: 0 when it is done, 2 when it could not begin, 1 when a probe found nothing alive.
pub fn execute(command: Command) -> ExitCode {
    match command {
        Command::Serve(config) => serve(*config),
        Command::Market(command) => market(&command),
        Command::Check(settings) => say(&settings),
        Command::Healthcheck(address) => healthcheck(address),
    }
}

fn serve(config: Config) -> ExitCode {
    logging::start(&config.log);
    block_on(run::run(config))
}

fn market(command: &MarketCommand) -> ExitCode {
    logging::start(&LogConfig { filter: "info".to_owned(), format: LogFormat::Auto });
    block_on(async {
        let stop = CancellationToken::new();
        let now = command.market_time.unwrap_or_else(|| Clock::system().now());
        let (demo, serving) = Demo::listen(&command.demo, command.listen, now, stop.clone()).await?;
        signals::listen(stop)?;
        let at = format!("http://{}", demo.address);
        say(&format!(
            "Demo market at {at}\n\
             DEXSCREENER_URL={at}/dexscreener\n\
             GECKOTERMINAL_URL={at}/geckoterminal/api/v2\n\
             JUPITER_URL={at}/jupiter\n"
        ));
        serving.await?;
        Ok::<_, Box<dyn std::error::Error>>(())
    })
}

/// Runs to the end on all cores. What keeps it from beginning is told in its own words.
fn block_on<E: Display>(work: impl Future<Output = Result<(), E>>) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("The system gives no threads: {error}.")),
    };
    match runtime.block_on(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

fn refuse(why: &dyn Display) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(REFUSED)
}

/// Prints to the standard output. A reader that has gone away is not a failure.
fn say(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

fn healthcheck(address: SocketAddr) -> ExitCode {
    match probe(address) {
        Ok(()) => say("alive\n"),
        Err(error) => {
            eprintln!("{address} does not answer: {error}.");
            ExitCode::FAILURE
        }
    }
}

/// Asks the server whether it lives.
fn probe(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("it is not well")) }
}
