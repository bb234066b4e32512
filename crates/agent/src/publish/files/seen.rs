//! A file as it was at one moment, held open, so that it can be looked at again after it lost its name.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::{FileError, OPEN, SIZE_MAX};

/// What stands in for a file that is not wanted.
const NULL: &str = "/dev/null";
/// The pauses in which a file that others are writing is waited for.
const PAUSE: Duration = Duration::from_millis(10);
/// Their number for a file that is read and found empty: it may well be meant so.
const PAUSES_EMPTY: u32 = 5;
/// Their number for one that is to be replaced, 1 s in all: on a busy machine a writer that emptied it may have to wait
/// that long for its turn to write.
const PAUSES_EMPTIED: u32 = 100;
/// Their number for a file that changed under our eyes.
const PAUSES_CHANGING: u32 = 20;

/// A file that was opened and read, or the fact that there is none.
#[derive(Debug)]
pub(super) struct Seen {
    path: PathBuf,
    open: Option<Open>,
    /// Whether it is the null device, which counts as an empty file.
    is_null: bool,
    /// What was in it; nothing when there is no file.
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    meta: fs::Metadata,
}

impl Seen {
    /// Opens and reads the file. One that is empty is given a moment: other programs empty a file before they write it.
    pub(super) fn look(path: &Path) -> Result<Self, FileError> {
        Self::wait(path, PAUSES_EMPTY)
    }

    /// The same for a file that is about to be replaced: an empty one is given more time, since replacing what somebody
    /// has just emptied would make an end of all that was in it.
    pub(super) fn look_to_write(path: &Path) -> Result<Self, FileError> {
        Self::wait(path, PAUSES_EMPTIED)
    }

    fn wait(path: &Path, pauses_empty: u32) -> Result<Self, FileError> {
        let failed = |source| FileError::Read { path: path.into(), source };
        let nothing = |is_null| Self { path: path.into(), open: None, is_null, bytes: Zeroizing::default() };
        let file = match rustix::fs::open(path, OPEN | OFlags::RDONLY, Mode::empty()).map_err(io::Error::from) {
            Ok(descriptor) => File::from(descriptor),
            // Below what is no directory there is no file either.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(nothing(false));
            }
            // A socket.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                return Err(FileError::NotAFile { path: path.into() });
            }
            Err(error) => return Err(failed(error)),
        };
        let meta = file.metadata().map_err(failed)?;
        if is_null(&meta) {
            return Ok(nothing(true));
        }
        if !meta.is_file() {
            return Err(FileError::NotAFile { path: path.into() });
        }
        let bytes = read(&file, path)?;
        let mut seen = Self { bytes, open: Some(Open { file, meta }), ..nothing(false) };
        if seen.bytes.is_empty() {
            seen.bytes = seen.settled(1, pauses_empty)?;
        }
        Ok(seen)
    }

    /// Whether the null device is there instead of a file.
    pub(super) fn is_null(&self) -> bool {
        self.is_null
    }

    /// Whether there is a file.
    pub(super) fn exists(&self) -> bool {
        self.open.is_some()
    }

    /// Mode, owner and so on; none when there is no file.
    pub(super) fn meta(&self) -> Option<&fs::Metadata> {
        self.open.as_ref().map(|open| &open.meta)
    }

    /// The file itself; none when there is none.
    pub(super) fn file(&self) -> Option<&File> {
        self.open.as_ref().map(|open| &open.file)
    }

    /// Whether this very file is at `path`.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let inode = |meta: &fs::Metadata| (meta.dev(), meta.ino());
        fs::metadata(path).is_ok_and(|named| self.meta().map(inode) == Some(inode(&named)))
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

    /// What somebody wrote into this very file since it was looked at, once it is whole; none when nobody did. One that
    /// was emptied and stays so was not written: whoever did it may have died, and the content is safe elsewhere.
    pub(super) fn rewritten(&self) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
        let now = self.now()?;
        if now == self.bytes {
            return Ok(None);
        }
        let pauses = if now.is_empty() { PAUSES_EMPTIED } else { PAUSES_CHANGING };
        let bytes = self.settled(self.bytes.len(), pauses)?;
        Ok(Some(bytes).filter(|bytes| *bytes != self.bytes && !bytes.is_empty()))
    }

    fn now(&self) -> Result<Zeroizing<Vec<u8>>, FileError> {
        self.open.as_ref().map_or_else(|| Ok(Zeroizing::default()), |open| read(&open.file, &self.path))
    }

    /// The content as soon as it holds still and has at least `expected` bytes, or what is there when time is up: a file
    /// may also be meant to be shorter.
    fn settled(&self, expected: usize, pauses: u32) -> Result<Zeroizing<Vec<u8>>, FileError> {
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

fn is_null(meta: &fs::Metadata) -> bool {
    meta.file_type().is_char_device() && fs::metadata(NULL).is_ok_and(|null| null.rdev() == meta.rdev())
}

fn read(mut file: &File, path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let failed = |source| FileError::Read { path: path.into(), source };
    let length = file.metadata().map_err(failed)?.len();
    // With room for all of it: a buffer that moves leaves a copy behind.
    let room = usize::try_from(length.min(SIZE_MAX)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.rewind().map_err(failed)?;
    file.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if length > SIZE_MAX || bytes.len() as u64 > SIZE_MAX {
        return Err(FileError::TooLong { path: path.into() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::process::Command;
    use std::sync::mpsc;

    use super::*;
    use crate::publish::files::{EditError, Edited, edit};

    /// The outcome of `work`, which must not hang.
    fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, outcome) = mpsc::channel();
        thread::spawn(move || done.send(work()));
        outcome.recv_timeout(Duration::from_secs(20)).expect("it does not hang")
    }

    fn written(path: &Path) -> Result<Edited, EditError<io::Error>> {
        let path = path.to_owned();
        soon(move || edit(&path, |old| Ok(Some(format!("{old}x\n").into()))))
    }

    #[test]
    fn what_is_no_file_is_refused_and_never_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let (pipe, socket) = (home.path().join("pipe"), home.path().join("socket"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _listener = UnixListener::bind(&socket).unwrap();
        for path in [&pipe, &socket, Path::new("/dev/zero"), home.path()] {
            let path = path.to_owned();
            let looked = soon({
                let path = path.clone();
                move || Seen::look(&path).map(drop)
            });
            assert!(matches!(looked, Err(FileError::NotAFile { .. })), "{path:?}: {looked:?}");
            assert!(matches!(written(&path), Err(EditError::File(FileError::NotAFile { .. }))), "{path:?}");
        }
    }

    #[test]
    fn the_null_device_is_an_empty_file_that_nothing_is_written_into() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("config");
        std::os::unix::fs::symlink(NULL, &link).unwrap();
        for path in [Path::new(NULL), &link] {
            assert_eq!(crate::publish::files::read(path).unwrap().as_str(), "");
            assert_eq!(edit::<io::Error, _>(path, |_| Ok(None)).unwrap(), Edited::Unchanged);
            let Err(EditError::File(error @ FileError::Null { .. })) = written(path) else { panic!("written") };
            assert!(error.fault().action.contains("AWS_CONFIG_FILE"), "{error}");
        }
        assert!(fs::metadata(NULL).unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_file_of_any_size_is_not_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        let file = File::create(&path).unwrap();
        file.set_len(SIZE_MAX).unwrap();
        assert_eq!(Seen::look(&path).unwrap().bytes.len() as u64, SIZE_MAX);
        for length in [SIZE_MAX + 1, 1 << 40] {
            file.set_len(length).unwrap();
            let error = Seen::look(&path).map(drop).unwrap_err();
            assert!(matches!(error, FileError::TooLong { .. }), "{error}");
            assert!(error.to_string().ends_with("config: it has over 16 MiB"), "{error}");
        }
    }
}
