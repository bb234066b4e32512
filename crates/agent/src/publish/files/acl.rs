//! The POSIX access control list of a file, which a file that takes its place has to have, too.
//!
//! Linux keeps it in an extended attribute. Other systems have other lists, which do not give the mode another meaning.

use std::fs::File;
use std::io;

/// Gives `new` the list of `old`, or takes away what it got from its directory when `old` has none.
#[cfg(target_os = "linux")]
pub(super) fn copy(old: &File, new: &File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr};
    use rustix::io::Errno;

    const NAME: &str = "system.posix_acl_access";
    /// The most bytes of an extended attribute in Linux.
    const SIZE_MAX: usize = 65_536;

    let mut list = vec![0_u8; SIZE_MAX];
    match fgetxattr(old, NAME, &mut list[..]) {
        Ok(length) => fsetxattr(new, NAME, &list[..length], XattrFlags::empty())?,
        // OPNOTSUPP: a file system without any.
        Err(Errno::NODATA | Errno::OPNOTSUPP) => match fremovexattr(new, NAME) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno.into()),
        },
        Err(errno) => return Err(errno.into()),
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn copy(_old: &File, _new: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::convert::Infallible;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;

    use rustix::fs::{XattrFlags, getxattr, setxattr};

    use crate::publish::files::edit;

    const ACCESS: &str = "system.posix_acl_access";

    /// A list in the form of the kernel: version 2, then tag, permissions and id of each entry. One user beside the owner
    /// may read, the group may nothing, the mask is `r--`.
    fn list() -> Vec<u8> {
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in [
            (0x01_u16, 6_u16, u32::MAX),
            (0x02, 4, 12_345),
            (0x04, 0, u32::MAX),
            (0x10, 4, u32::MAX),
            (0x20, 0, u32::MAX),
        ] {
            list.extend([tag, permissions].iter().flat_map(|field| field.to_le_bytes()));
            list.extend(id.to_le_bytes());
        }
        list
    }

    fn access(path: &Path) -> Option<Vec<u8>> {
        let mut list = vec![0_u8; 1024];
        getxattr(path, ACCESS, &mut list[..]).ok().map(|length| list[..length].to_vec())
    }

    fn change(path: &Path) {
        let inode = path.metadata().unwrap().ino();
        edit::<Infallible, _>(path, |old| Ok((!old.contains("ours")).then(|| format!("{old}ours\n").into()))).unwrap();
        assert_ne!(path.metadata().unwrap().ino(), inode, "it was replaced");
    }

    #[test]
    fn who_may_read_a_file_stays_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        fs::write(&path, "theirs\n").unwrap();
        setxattr(&path, ACCESS, &list(), XattrFlags::empty()).unwrap();
        change(&path);
        assert_eq!(access(&path), Some(list()));
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn the_list_of_the_directory_gives_nobody_what_the_old_file_did_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        fs::write(&path, "theirs\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        setxattr(home.path(), "system.posix_acl_default", &list(), XattrFlags::empty()).unwrap();
        change(&path);
        assert_eq!(access(&path), None);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o640);
    }
}
