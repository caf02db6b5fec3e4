//! The entry of the WebAssembly module.
