//! The listening socket, and what the machine allows us.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};

use crate::config::HttpConfig;

/// Connections that may wait to be accepted; the machine may allow fewer.
const BACKLOG: u32 = 4096;

/// What the machine keeps of an answer that a client does not read. Its own choice grows to megabytes and hides slow
/// readers. The machine doubles it.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// How much of an answer may wait unsent in the machine before a writer waits too: what is written later is newer.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;

/// After which a peer that acknowledges nothing is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// Open files when the machine names no limit.
const MANY_FILES: u64 = 1 << 20;

/// Why the address cannot be served: one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{0} is in use by another program: stop it, or choose another port, such as PORT={next}.", next = next_port(*.0))]
    InUse(SocketAddr),
    /// The system does not let us.
    #[error("{0} may not be used by this user: choose a port above 1023, such as PORT=8080.")]
    Forbidden(SocketAddr),
    /// No network card has it.
    #[error("{ip} is not an address of this machine: choose HOST=127.0.0.1, or HOST=0.0.0.0 for the network.", ip = .0.ip())]
    NotHere(SocketAddr),
    /// Something rarer.
    #[error("{0} cannot be served: {1}. Choose another HOST or PORT.")]
    Other(SocketAddr, io::Error),
}

/// A port to try instead.
fn next_port(address: SocketAddr) -> u16 {
    address.port().checked_add(1).unwrap_or(8080)
}

/// Listens on the configured address.
///
/// What is set on the listening socket holds for every accepted one. Call it inside a tokio runtime.
pub fn bind(config: &HttpConfig) -> Result<TcpListener, BindError> {
    let address = config.listen;
    listen(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        io::ErrorKind::PermissionDenied => BindError::Forbidden(address),
        io::ErrorKind::AddrNotAvailable => BindError::NotHere(address),
        _ => BindError::Other(address, error),
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    #[cfg(target_os = "linux")]
    if let Ok(millis) = u32::try_from(USER_TIMEOUT.as_millis()) {
        rustix::net::sockopt::set_tcp_user_timeout(&listener, millis)?;
        socket2::SockRef::from(&listener).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    }
    Ok(listener)
}

/// Raises the limit of open files as far as the system lets us, and answers what it is then.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now =
        if limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    now.current.unwrap_or(MANY_FILES)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::http::host::tests::config;

    #[tokio::test]
    async fn a_taken_port_is_told_in_one_sentence() {
        let mut config = config();
        let first = bind(&config).unwrap();
        config.listen = first.local_addr().unwrap();
        let port = config.listen.port();
        assert_eq!(
            bind(&config).unwrap_err().to_string(),
            format!(
                "127.0.0.1:{port} is in use by another program: stop it, or choose another port, such as PORT={}.",
                next_port(config.listen)
            )
        );
    }

    #[tokio::test]
    async fn a_foreign_address_is_told_in_one_sentence() {
        let mut config = config();
        config.listen = ([192, 0, 2, 1], 0).into();
        assert_eq!(
            bind(&config).unwrap_err().to_string(),
            "192.0.2.1 is not an address of this machine: choose HOST=127.0.0.1, or HOST=0.0.0.0 for the network."
        );
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_is_set_holds_for_accepted_connections() {
        use rustix::net::sockopt;

        let listener = bind(&config()).unwrap();
        let address = listener.local_addr().unwrap();
        let client = tokio::net::TcpStream::connect(address).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        assert_eq!(sockopt::tcp_user_timeout(&accepted).unwrap(), 20_000);
        assert_eq!(socket2::SockRef::from(&accepted).tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
        // The machine doubles what is asked for, so that its own needs fit too.
        let kept = sockopt::socket_send_buffer_size(&accepted).unwrap();
        assert!((64 * 1024..=128 * 1024).contains(&kept), "{kept}");
        assert!(accepted.nodelay().unwrap());
        // Nothing of it is so by itself.
        assert_eq!(sockopt::tcp_user_timeout(&client).unwrap(), 0);
        assert_ne!(socket2::SockRef::from(&client).tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
    }

    #[test]
    fn the_limit_of_open_files_becomes_the_hard_one() {
        let now = raise_open_files();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(now, limit.current.unwrap_or(MANY_FILES));
    }
}
