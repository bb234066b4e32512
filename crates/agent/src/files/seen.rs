//! A file as it was at one moment, held open, so that it can be looked at again after it lost its name.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::FileError;

/// The pauses in which a file that others are writing is waited for.
const PAUSE: Duration = Duration::from_millis(10);
/// Their number for a file that was found empty: it may well be meant so.
const PAUSES_EMPTY: u32 = 5;
/// Their number for a file that changed under our eyes.
const PAUSES_CHANGING: u32 = 20;

/// A file that was opened and read, or the fact that there is none.
#[derive(Debug)]
pub(super) struct Seen {
    path: PathBuf,
    open: Option<Open>,
    /// What was in it; nothing when there is no file.
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    file: File,
    meta: fs::Metadata,
}

impl Seen {
    /// Opens and reads the file. One that is empty is given a moment: other programs empty a file before they write it.
    pub(super) fn look(path: &Path) -> Result<Self, FileError> {
        let failed = |source| FileError::Read { path: path.into(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path: path.into(), open: None, bytes: Vec::new() });
            }
            Err(error) => return Err(failed(error)),
        };
        let meta = file.metadata().map_err(failed)?;
        if !meta.is_file() {
            return Err(FileError::NotAFile { path: path.into() });
        }
        let bytes = read(&file).map_err(failed)?;
        let mut seen = Self { path: path.into(), open: Some(Open { file, meta }), bytes };
        if seen.bytes.is_empty() {
            seen.bytes = seen.settled(1, PAUSES_EMPTY)?;
        }
        Ok(seen)
    }

    /// Whether there is a file.
    pub(super) fn exists(&self) -> bool {
        self.open.is_some()
    }

    /// Mode, owner and so on; none when there is no file.
    pub(super) fn meta(&self) -> Option<&fs::Metadata> {
        self.open.as_ref().map(|open| &open.meta)
    }

    /// Whether the path still leads to this file and the file still holds these bytes.
    pub(super) fn is_current(&self) -> Result<bool, FileError> {
        let named = match fs::metadata(&self.path) {
            Ok(meta) => Some((meta.dev(), meta.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(FileError::Read { path: self.path.clone(), source }),
        };
        Ok(named == self.meta().map(|meta| (meta.dev(), meta.ino())) && self.now()? == self.bytes)
    }

    /// What somebody wrote into this very file since it was looked at, once it is whole; none when nobody did.
    pub(super) fn rewritten(&self) -> Result<Option<Vec<u8>>, FileError> {
        if self.now()? == self.bytes {
            return Ok(None);
        }
        let bytes = self.settled(self.bytes.len(), PAUSES_CHANGING)?;
        Ok(Some(bytes).filter(|bytes| *bytes != self.bytes))
    }

    fn now(&self) -> Result<Vec<u8>, FileError> {
        match &self.open {
            Some(open) => read(&open.file).map_err(|source| FileError::Read { path: self.path.clone(), source }),
            None => Ok(Vec::new()),
        }
    }

    /// The content as soon as it holds still and has at least `expected` bytes, or what is there when time is up: a file
    /// may also be meant to be shorter.
    fn settled(&self, expected: usize, pauses: u32) -> Result<Vec<u8>, FileError> {
        let mut last = self.now()?;
        for _ in 0..pauses {
            thread::sleep(PAUSE);
            let next = self.now()?;
            if next == last && next.len() >= expected {
                break;
            }
            last = next;
        }
        Ok(last)
    }
}

fn read(mut file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
