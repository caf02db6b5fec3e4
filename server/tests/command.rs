//! The program as a shell sees it: what it prints, and what it ends with.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder without a `.env`, so that the one of a developer does not speak here.
fn memescope(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memescope"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn ask(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    memescope(&folder).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_refused_setting_is_told_in_one_sentence() {
    for (arguments, environment, sentence) in [
        (&["--port", "web"][..], &[][..], "PORT must be a whole number from 0 to 65535, not \"web\".\n"),
        (&[], &[("WS_LIMIT", "none")], "WS_LIMIT must be a whole number from 1 to 1000000, or off, not \"none\".\n"),
        (
            &["check"],
            &[("REDIS_URL", "secret")],
            "REDIS_URL must be a redis or rediss address, such as redis://127.0.0.1:6379.\n",
        ),
        (&["market", "--tokens", "1"], &[], "--tokens must be a whole number from 10 to 200000, not \"1\".\n"),
    ] {
        let output = ask(arguments, environment);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stderr), sentence);
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn an_unknown_name_in_the_file_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "PROT=1\n").unwrap();
    let output = memescope(&folder).arg("check").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "PROT in .env is not a setting; PORT is.\n");
}

#[test]
fn help_and_version_are_no_mistakes() {
    let version = ask(&["--version"], &[]);
    assert_eq!((version.status.code(), text(&version.stdout)), (Some(0), "memescope 0.1.0\n"));
    let help = ask(&["--help"], &[]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("[env: POLL_INTERVAL]"));
    assert_eq!(ask(&["--no-such-flag"], &[]).status.code(), Some(2));
}

#[test]
fn check_prints_what_holds_without_secrets() {
    let output = ask(&["check", "--port", "9000"], &[("JUPITER_API_KEY", "hunter2"), ("CHAINS", "solana,bsc")]);
    assert_eq!(output.status.code(), Some(0));
    let text = text(&output.stdout);
    for line in ["PORT=9000", "CHAINS=solana,bsc", "JUPITER_API_KEY=(set)", "COINGECKO_API_KEY=(not set)"] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_probe_tells_whether_the_server_lives() {
    for (answer, code) in [("HTTP/1.1 200 OK\r\n\r\n", 0), ("HTTP/1.1 503 Service Unavailable\r\n\r\n", 1)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // All of it: closing with unread bytes would take the answer back.
            let head = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let request = head.collect::<Vec<_>>();
            stream.write_all(answer.as_bytes()).unwrap();
            request
        });
        let output = ask(&["healthcheck"], &[("PORT", &port), ("HOST", "0.0.0.0")]);
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(server.join().unwrap()[0], "GET /livez HTTP/1.1");
    }
}

#[test]
fn a_probe_that_finds_nobody_says_so() {
    // Its port is free again as soon as it is dropped.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = ask(&["healthcheck", "--port", &port.to_string()], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with(&format!("127.0.0.1:{port} does not answer: ")));
}

#[test]
fn a_taken_port_is_told_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = memescope(&folder).args(["--demo", "--port", &port]).env("LOG", "off").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(told.starts_with(&format!("127.0.0.1:{port} is in use by another program")), "{told}");
    assert_eq!(told.lines().count(), 1);
}

#[test]
fn the_market_prints_its_address_and_answers_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut market = memescope(&folder)
        .args(["market", "--port", "0", "--tokens", "20", "--seed", "7", "--market-time", "2026-01-31T12:00:00Z"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(market.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("Demo market at http://").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), format!("DEXSCREENER_URL=http://{address}/dexscreener"));
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /dexscreener/latest/dex/search?q=sol HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let pid = rustix::process::Pid::from_child(&market);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(market.wait().unwrap().code(), Some(0));
}

#[test]
fn a_script_of_faults_that_cannot_be_read_is_refused() {
    let output = ask(&["market", "--port", "0", "--tokens", "20", "--faults", "jupiter:tired"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("FAULTS cannot be read: "), "{}", text(&output.stderr));
}
