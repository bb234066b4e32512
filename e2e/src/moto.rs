//! moto, the AWS look-alike that others wrote: a second opinion on what the clients and the agent say to STS.
//!
//! It says yes to nearly everything, so it proves only that what is sent is understood.

use std::net::SocketAddr;

use crate::{Home, Running, python};

/// A moto server under way.
pub struct Moto {
    address: SocketAddr,
    _process: Running,
}

impl Moto {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(home: &Home) -> Self {
        let mut command = home.command(python("moto_server"));
        let mut process = Running::start(command.args(["-H", "127.0.0.1", "-p", "0"]));
        let address = process.wait_for("the address of moto", |output| {
            let (_, rest) = output.split_once("Running on http://")?;
            let (address, _) = rest.split_once(char::is_whitespace)?;
            address.parse().ok()
        });
        Self { address, _process: process }
    }

    /// What the agent, and the base's owner, set to use it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            ("AWS_ENDPOINT_URL".into(), self.url()),
            ("AWS_ACCESS_KEY_ID".into(), "AKIAEXAMPLEEXAMPLE12".into()),
            ("AWS_SECRET_ACCESS_KEY".into(), "moto-checks-no-signature".into()),
        ]
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
