//! Tells the service manager how the agent stands, as
//! [`sd_notify`](https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html) does. Without `NOTIFY_SOCKET`
//! there is nobody to tell. What is told is never waited for, and a manager that does not listen is no failure.

use std::ffi::OsString;
use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tracing::debug;

/// The variable that names the manager's socket.
pub(super) const VARIABLE: &str = "NOTIFY_SOCKET";

/// The service manager, if there is one.
pub(super) struct Notify(Option<OsString>);

impl Notify {
    /// The manager whose socket is `socket`: a path, or `@` and a name in the abstract namespace.
    pub(super) fn to(socket: Option<OsString>) -> Self {
        Self(socket.filter(|socket| socket.as_bytes().starts_with(b"/") || socket.as_bytes().starts_with(b"@")))
    }

    /// Whether anybody is told.
    pub(super) fn is_heard(&self) -> bool {
        self.0.is_some()
    }

    /// Tells these assignments, one a line.
    pub(super) fn tell(&self, assignments: &str) {
        let Some(socket) = &self.0 else { return };
        if let Err(error) = send(socket.as_bytes(), assignments) {
            debug!("tell the service manager at {}: {error}", socket.display());
        }
    }
}

fn send(socket: &[u8], text: &str) -> io::Result<()> {
    let datagram = UnixDatagram::unbound()?;
    datagram.set_nonblocking(true)?;
    datagram.send_to_addr(text.as_bytes(), &address(socket)?)?;
    Ok(())
}

fn address(socket: &[u8]) -> io::Result<SocketAddr> {
    match socket.strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => SocketAddr::from_abstract_name(name),
        #[cfg(not(target_os = "linux"))]
        Some(_) => Err(io::ErrorKind::Unsupported.into()),
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(socket)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(by: &UnixDatagram) -> String {
        by.set_nonblocking(true).unwrap();
        let mut buffer = [0; 256];
        let length = by.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn a_socket_on_disk_and_one_without_a_path_are_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        Notify::to(Some(path.into_os_string())).tell("READY=1\nSTATUS=well");
        assert_eq!(heard(&manager), "READY=1\nSTATUS=well");

        let name = format!("rolecall-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        Notify::to(Some(format!("@{name}").into())).tell("STOPPING=1");
        assert_eq!(heard(&manager), "STOPPING=1");
    }

    #[test]
    fn without_a_manager_nothing_happens() {
        for socket in [None, Some(""), Some("vsock:2:1"), Some("relative")] {
            let notify = Notify::to(socket.map(OsString::from));
            assert!(!notify.is_heard(), "{socket:?}");
            notify.tell("READY=1");
        }
        Notify::to(Some("/nonexistent/notify".into())).tell("READY=1");
    }
}
