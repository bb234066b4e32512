//! The block in whole files, as a user would have them: each directory under `cases` has the file `before`, the `body`
//! to put in (none: the block is taken out), and the file `after` or the `error`.

use std::fs;
use std::path::Path;

use rolecall_formats::block::{Id, cut, replace};

#[test]
fn every_case_ends_as_it_says() {
    let id: Id = "3fa9c2d1".parse().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let cases = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut checked = 0;
    for case in cases {
        checked += 1;
        let read = |name: &str| fs::read_to_string(case.join(name)).ok();
        let before = read("before").unwrap();
        let body = read("body");
        let result = replace(&before, &id, body.as_deref());
        if let Some(error) = read("error") {
            assert_eq!(result.unwrap_err().to_string(), error.trim_end(), "{case:?}");
            assert_eq!(cut(&before).unwrap_err().to_string(), error.trim_end(), "{case:?}: cut");
            continue;
        }
        let after = result.unwrap();
        assert_eq!(*after, read("after").unwrap(), "{case:?}");
        assert_eq!(replace(&after, &id, body.as_deref()).unwrap(), after, "{case:?}: again");
        assert_eq!(cut(&after).unwrap(), cut(&before).unwrap(), "{case:?}: foreign bytes");
        if !before.contains("rolecall 3fa9c2d1") {
            assert_eq!(*replace(&after, &id, None).unwrap(), before, "{case:?}: out again");
        }
    }
    assert!(checked >= 25, "only {checked} cases");
}
