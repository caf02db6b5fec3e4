//! The domain of Memescope: pure values and rules that the server and the browser share.
