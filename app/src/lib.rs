//! Memescope in the browser and on the server: shell, pages, components and server functions.

pub mod reader;
