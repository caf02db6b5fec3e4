//! The memescope binary.
fn main() {}
