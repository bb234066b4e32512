//! What the loopback endpoint needs in the state directory, brought up to date: tokens, the files for `rolecall env`, and
//! where it listens.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rolecall_core::{Alias, Role};
use tracing::warn;
use zeroize::Zeroizing;

use super::{StartError, blocking};
use crate::publish::files::Access;
use crate::serve::keyring::Keyring;
use crate::settings::AgentSettings;
use crate::state::endpoint_file::{self, EndpointFile};
use crate::state::state_dir::StateDirError;
use crate::state::{env_files, owned_dir, tokens};

/// A directory of files that are named for aliases.
struct Directory {
    name: &'static str,
    is_named: fn(&str) -> bool,
    is_ours: fn(&str) -> bool,
}

const DIRECTORIES: [Directory; 2] = [
    Directory { name: tokens::DIRECTORY, is_named: tokens::is_named, is_ours: tokens::is_ours },
    Directory { name: env_files::DIRECTORY, is_named: env_files::is_named, is_ours: env_files::is_ours },
];

/// Sees to it that the roles of these settings, and no others, can be asked for at `address`. Without an endpoint nothing
/// of it stays in the state directory but the address, which the next one tries first.
///
/// # Errors
/// When the state directory takes no file. Then the tokens of before count as they did.
pub(super) async fn keep(
    settings: &AgentSettings,
    state_dir: &Path,
    address: Option<SocketAddr>,
    keyring: &Arc<Keyring>,
) -> Result<(), StartError> {
    let access = Access::of(settings.socket_group);
    let roles: Vec<Role> = if address.is_some() { settings.roles.clone() } else { Vec::new() };
    let (place, keyring) = (state_dir.to_owned(), Arc::clone(keyring));
    blocking(move || bring(&place, &roles, address, access, &keyring)).await?
}

/// The same for whoever may block.
pub(crate) fn bring(
    place: &Path,
    roles: &[Role],
    address: Option<SocketAddr>,
    access: Access,
    keyring: &Keyring,
) -> Result<(), StartError> {
    let aliases: Vec<Alias> = roles.iter().map(|role| role.alias.clone()).collect();
    for Directory { name, is_named, is_ours } in DIRECTORIES {
        let directory = place.join(name);
        if let Some(path) = owned_dir::foreign(&directory, is_named, is_ours)? {
            return Err(StateDirError::Foreign { path }.into());
        }
        if !roles.is_empty() {
            owned_dir::create(&directory, access)?;
        }
    }
    let tokens = keyring.lasting_or_new(&aliases)?;
    let mut files: Vec<(PathBuf, Zeroizing<String>)> = env_files::files(place, roles);
    files.extend(
        tokens
            .iter()
            .map(|(alias, token)| (tokens::token_path(place, alias), Zeroizing::new(token.as_str().to_owned()))),
    );
    let wanted: BTreeSet<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    if let Some(address) = address {
        files.push((place.join(endpoint_file::FILE), EndpointFile::here(address).text().into()));
    }
    owned_dir::write(files, access)?;
    keyring.set_lasting(tokens);
    // What is too much opens nothing any more.
    for Directory { name, is_ours, .. } in DIRECTORIES {
        let directory = place.join(name);
        if let Err(error) = owned_dir::tidy(&directory, |name| wanted.contains(&directory.join(name)), is_ours) {
            warn!("{error}; it is of no use any more");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::state::env_files::EnvFiles;
    use crate::state::tokens::token_path;
    use crate::testing::role;

    struct Home(tempfile::TempDir);

    impl Home {
        fn bring(&self, aliases: &[&str]) -> Result<Keyring, StartError> {
            let keyring = Keyring::default();
            self.bring_to(&keyring, aliases).map(|()| keyring)
        }

        fn bring_to(&self, keyring: &Keyring, aliases: &[&str]) -> Result<(), StartError> {
            let roles: Vec<Role> = aliases.iter().map(|alias| role(alias)).collect();
            let address = "127.0.0.1:4000".parse().unwrap();
            bring(self.0.path(), &roles, Some(address), Access::default(), keyring)
        }

        fn token(&self, alias: &str) -> PathBuf {
            token_path(self.0.path(), &alias.parse().unwrap())
        }

        fn names(&self, directory: &str) -> Vec<String> {
            let entries = fs::read_dir(self.0.path().join(directory)).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    fn home() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    #[test]
    fn files_and_tokens_come_and_go_with_their_roles() {
        let home = home();
        let keyring = Keyring::default();
        home.bring_to(&keyring, &["a", "b"]).unwrap();
        let token = fs::read_to_string(home.token("a")).unwrap();
        assert!(token.len() == 43 && keyring.open("a", token.as_bytes()).is_some());
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!((mode(home.token("a").parent().unwrap()), mode(&home.token("a"))), (0o700, 0o600));
        let EnvFiles { config, credentials } = EnvFiles::of(home.0.path(), &"a".parse().unwrap());
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.ends_with("\n[default]\nregion = eu-central-1\n[profile a]\nregion = eu-central-1\n"), "{text}");
        assert!(!fs::read_to_string(&credentials).unwrap().contains('['));

        fs::write(home.0.path().join("tokens/.notes"), "mine").unwrap();
        home.bring_to(&keyring, &["a", "c"]).unwrap();
        assert_eq!(fs::read_to_string(home.token("a")).unwrap(), token, "the same for as long as the agent runs");
        assert_eq!(home.names("tokens"), [".notes", "a", "c"]);
        assert_eq!(home.names("env"), ["a.config", "a.credentials", "c.config", "c.credentials"]);
    }

    #[test]
    fn the_next_agent_has_other_tokens() {
        let home = home();
        home.bring(&["a"]).unwrap();
        let before = fs::read_to_string(home.token("a")).unwrap();
        let keyring = home.bring(&["a"]).unwrap();
        let now = fs::read_to_string(home.token("a")).unwrap();
        assert!(now != before && keyring.open("a", now.as_bytes()).is_some());
        assert!(keyring.open("a", before.as_bytes()).is_none(), "somebody else may know it");
    }

    #[test]
    fn somebody_elses_file_is_not_replaced() {
        let home = home();
        home.bring(&["a"]).unwrap();
        fs::write(home.0.path().join("tokens/notes.txt"), "mine").unwrap();
        assert!(matches!(home.bring(&["a", "notes.txt"]), Err(StartError::StateDir(StateDirError::Foreign { .. }))));
        assert_eq!(fs::read_to_string(home.0.path().join("tokens/notes.txt")).unwrap(), "mine");
    }

    #[test]
    fn what_cannot_be_written_takes_no_token_away() {
        let home = home();
        home.bring(&["a", "b"]).unwrap();
        let token = fs::read_to_string(home.token("b")).unwrap();
        fs::remove_file(home.0.path().join(endpoint_file::FILE)).unwrap();
        fs::create_dir(home.0.path().join(endpoint_file::FILE)).unwrap();
        home.bring(&["a"]).err().expect("endpoint.json cannot be written");
        assert_eq!(fs::read_to_string(home.token("b")).unwrap(), token);
    }

    #[test]
    fn a_thousand_roles_have_their_files() {
        let home = home();
        let aliases: Vec<String> = (0..1000).map(|n| format!("role-{n}")).collect();
        home.bring(&aliases.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert_eq!((home.names("tokens").len(), home.names("env").len()), (1000, 2000));
        let tokens: BTreeSet<String> = aliases.iter().map(|a| fs::read_to_string(home.token(a)).unwrap()).collect();
        assert_eq!(tokens.len(), 1000);
    }
}
