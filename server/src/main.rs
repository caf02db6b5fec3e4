//! The memescope binary: reads what it is asked to do, and does it.

use std::process::ExitCode;

use server::command::execute;
use server::config::read_process;

fn main() -> ExitCode {
    match read_process() {
        Ok(command) => execute(command),
        Err(refusal) => refusal.report(),
    }
}
