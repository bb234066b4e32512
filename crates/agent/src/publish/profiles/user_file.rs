//! One of the user's two AWS files with our block in it.
//!
//! Promises that every write leaves a file that the AWS programs take, and that a file which they refuse already is not
//! touched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rolecall_core::{Fault, FaultKind};
use rolecall_formats::block::{self, BlockError, Id};
use rolecall_formats::config::{self, File, FileFault, Profiles};
use zeroize::Zeroizing;

use crate::publish::files::{self, EditError, Edited};

/// A file of the user's that a block of ours may stand in.
#[derive(Clone, Debug)]
pub(crate) struct UserFile {
    path: PathBuf,
    kind: File,
    id: Id,
}

/// What is in the file now.
pub(crate) struct Content {
    /// The profiles outside our block: the user's and those of other agents.
    pub(crate) others: Profiles,
    /// The names of the profiles in our block.
    pub(crate) ours: BTreeSet<String>,
}

/// Why a text cannot be changed.
#[derive(Debug, thiserror::Error)]
enum ChangeError {
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error(transparent)]
    Parse(#[from] FileFault),
}

impl UserFile {
    pub(crate) fn new(path: PathBuf, kind: File, id: Id) -> Self {
        Self { path, kind, id }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in the file.
    pub(crate) fn content(&self) -> Result<Content, Fault> {
        let text = files::read(&self.path).map_err(|error| error.fault())?;
        self.parse(&text).map_err(|error| self.fault(&error))
    }

    /// Puts what `body` makes of the content into our block; an empty text takes the block out, none leaves it as it is.
    pub(crate) fn put<T: AsRef<str>>(&self, mut body: impl FnMut(&Content) -> Option<T>) -> Result<Edited, Fault> {
        let change = |old: &str| -> Result<Option<Zeroizing<String>>, ChangeError> {
            let Some(body) = body(&self.parse(old)?) else { return Ok(None) };
            let new = block::replace(old, &self.id, Some(body.as_ref()))?;
            config::read(&new, self.kind)?;
            Ok(Some(new))
        };
        self.edit(change)
    }

    /// The profiles outside all blocks that `goes` picks.
    pub(crate) fn to_take_out(&self, goes: impl Fn(&str) -> bool) -> Result<Vec<String>, Fault> {
        let text = files::read(&self.path).map_err(|error| error.fault())?;
        let found = || -> Result<Vec<String>, ChangeError> {
            let users = config::read(&block::cut(&text)?, self.kind)?;
            Ok(users.iter().map(|profile| &profile.name).filter(|name| goes(name)).cloned().collect())
        };
        found().map_err(|error| self.fault(&error))
    }

    /// Takes the profiles out that are outside all blocks and that `goes` picks.
    pub(crate) fn take_out(&self, goes: impl Fn(&str) -> bool) -> Result<Edited, Fault> {
        self.edit(|old| {
            let ours = block::body(old, &self.id)?;
            // Ours may have the same profile, with which the file does not parse.
            let others = block::replace(old, &self.id, None)?;
            let left = config::without(&others, self.kind, &block::spans(&others)?, &goes)?;
            if left == others {
                return Ok(None);
            }
            Ok(Some(block::replace(&left, &self.id, ours)?))
        })
    }

    /// Takes our block out. A file without one is not even parsed.
    pub(crate) fn clear(&self) -> Result<Edited, Fault> {
        self.edit(|old| {
            let new = block::replace(old, &self.id, None)?;
            if *new == old {
                return Ok(None);
            }
            config::read(&new, self.kind)?;
            Ok(Some(new))
        })
    }

    fn edit(
        &self,
        change: impl FnMut(&str) -> Result<Option<Zeroizing<String>>, ChangeError>,
    ) -> Result<Edited, Fault> {
        files::edit(&self.path, change).map_err(|error| match error {
            EditError::File(error) => error.fault(),
            EditError::Change(error) => self.fault(&error),
        })
    }

    fn parse(&self, text: &str) -> Result<Content, ChangeError> {
        // Only our own block is not others': a profile in the block of another agent is taken just the same.
        let others = config::read(&block::replace(text, &self.id, None)?, self.kind)?;
        // What does not parse now is inside our block, or is a profile that came to be in both places: either way our
        // block is written anew.
        let all = config::read(text, self.kind).unwrap_or_default();
        let ours = all.iter().map(|profile| &profile.name).filter(|name| others.get(name).is_none()).cloned();
        Ok(Content { ours: ours.collect(), others })
    }

    fn fault(&self, error: &ChangeError) -> Fault {
        let path = self.path.display();
        let (message, action) = match error {
            ChangeError::Block(error) => (format!("read {path}: {error}"), "repair that line"),
            ChangeError::Parse(error) => {
                (format!("read {path}: {error}"), "repair that line; the AWS CLI and boto3 refuse the file as it is")
            }
        };
        Fault::new(FaultKind::Misconfigured, message, action)
    }
}
