//! The server that the crowd follows: the example `board`, a process of its own on the first core.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::time::{ClockId, clock_gettime};

use super::Failure;

/// Nanoseconds of the machine's steady clock, the same in all processes.
pub(crate) fn now() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// The server.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) address: SocketAddr,
    child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// A change that the server has made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) seq: u64,
    /// When it began.
    pub(crate) at: i64,
    /// What the server had spent by then, ns.
    pub(crate) cpu: i64,
    /// How long the store needed, ns.
    pub(crate) took: i64,
}

impl Board {
    pub(crate) fn start(port: u16, rows: u32) -> Result<Self, Failure> {
        let program = std::env::current_exe()?.with_file_name("board");
        let mut child = Command::new("taskset")
            .args(["-c", "0"])
            .arg(program)
            .args([port.to_string(), rows.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = child.stdin.take().ok_or("no input")?;
        let mut answers = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let address = answers.next().ok_or("no address")??.parse()?;
        Ok(Self { address, child, commands, answers })
    }

    fn ask(&mut self, command: &str) -> Result<Vec<i64>, Failure> {
        writeln!(self.commands, "{command}")?;
        let answer = self.answers.next().ok_or("the server ended")??;
        Ok(answer.split(' ').map(str::parse).collect::<Result<_, _>>()?)
    }

    pub(crate) fn commit(&mut self, rows: u32) -> Result<Change, Failure> {
        match self.ask(&format!("commit {rows}"))?[..] {
            [seq, at, cpu, took] => Ok(Change { seq: seq.try_into()?, at, cpu, took }),
            _ => Err("four numbers were expected".into()),
        }
    }

    /// What the server has spent so far, ns.
    pub(crate) fn cpu(&mut self) -> Result<i64, Failure> {
        self.ask("cpu")?.first().copied().ok_or_else(|| "a number was expected".into())
    }

    /// Its resident memory, kB.
    pub(crate) fn rss(&self) -> Result<i64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // It is this process's own child.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
