//! The memescope binary: reads what it is asked to do, and does it.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use server::command::execute;
use server::config::read_process;

/// A tick makes and drops texts by the hundred thousand, of a few sizes: this one is twice as fast at it as the
/// system's, and gives memory back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match read_process() {
        Ok(command) => execute(command),
        Err(refusal) => refusal.report(),
    }
}
