//! A tree of roles: leaves under two parents under a role that a web identity opens; 103 roles in all.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::rig::Rig;
use super::{peers, world};

pub(super) const LEAVES: usize = 100;
/// The ideal: each role is assumed once.
pub(super) const ROLES: usize = PARENTS + LEAVES + 1;

const PARENTS: usize = 2;
const ACCOUNT: &str = "123456789012";
const ISSUER: &str = "https://oidc.example.com/bench";
const SUBJECT: &str = "system:serviceaccount:default:bench";

/// A sandbox with the tree, and a home in which both the agent and AWS programs are told of it.
pub(super) struct Tree {
    pub(super) rig: Rig,
}

impl Tree {
    /// # Errors
    /// When the sandbox does not start, or a file cannot be written.
    pub(super) fn start(binary: &Path) -> anyhow::Result<Self> {
        let rig = Rig::of_world(binary, &world(), 0)?;
        let token = rig.path("token");
        fs::write(&token, rig.token(SUBJECT)?)?;
        let (mut settings, mut config) = (String::from("version = 1\n"), String::new());
        for (name, parent) in roles() {
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
            let (source, key) = match &parent {
                Some(parent) => (format!("role:{parent}"), format!("source_profile = {parent}")),
                None => {
                    let token = token.display();
                    (format!("web-identity:{token}"), format!("web_identity_token_file = {token}"))
                }
            };
            // Writing to a string cannot fail.
            let _ = write!(settings, "\n[role.{name}]\narn = \"{arn}\"\nsource = \"{source}\"\n");
            let _ = write!(config, "[profile {name}]\nrole_arn = {arn}\n{key}\n\n");
        }
        fs::write(rig.path("rolecall.toml"), settings)?;
        let tree = Self { rig };
        fs::write(tree.config(), config)?;
        Ok(tree)
    }

    /// The settings file of the agent.
    pub(super) fn settings(&self) -> PathBuf {
        self.rig.path("rolecall.toml")
    }

    /// An AWS program, which knows the tree by profiles.
    pub(super) fn aws_program(&self, program: &Path) -> Command {
        peers::with_config(&self.rig, Command::new(program), &self.config())
    }

    /// Beside the place that the agent writes its own profiles to.
    fn config(&self) -> PathBuf {
        self.rig.path("tree.config")
    }
}

/// The names of the leaves, which are their profiles and aliases, too.
pub(super) fn leaves() -> impl Iterator<Item = String> {
    (1..=LEAVES).map(|leaf| format!("Leaf{leaf}"))
}

/// All names with those of the parents, from the root on.
fn roles() -> impl Iterator<Item = (String, Option<String>)> {
    let parent = |number: usize| format!("Parent{}", number % PARENTS);
    [("Root".to_owned(), None)]
        .into_iter()
        .chain((0..PARENTS).map(move |number| (parent(number), Some("Root".to_owned()))))
        .chain(leaves().enumerate().map(move |(index, leaf)| (leaf, Some(parent(index)))))
}

/// The world of the sandbox. Each role trusts its parent alone: nobody gets anywhere with the key of the user.
fn world() -> String {
    let mut text = format!("{}\n[account.{ACCOUNT}.issuer.\"{ISSUER}\"]\n", world::toml(0));
    for (name, parent) in roles() {
        let trust = match parent {
            Some(parent) => format!("]\ntrusts = [\"arn:aws:iam::{ACCOUNT}:role/{parent}\"]"),
            None => format!(".web_identity]\nissuer = \"{ISSUER}\"\nsub = \"{SUBJECT}\""),
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[account.{ACCOUNT}.role.{name}{trust}\n");
    }
    text
}
