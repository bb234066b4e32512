//! Takes whole profiles out of a text.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{File, FileFault, parse, profile_name};

/// `text` without the sections of the profiles that `goes` picks, each from its header to its last key. All other bytes
/// stay, comments behind the last key among them, and so do sections that begin in one of the `kept` ranges. Only blanks
/// before the header behind a profile go along: with them it would continue the value above.
///
/// # Errors
/// The first line for which botocore refuses the whole file.
pub fn without(
    text: &str,
    file: File,
    kept: &[Range<usize>],
    goes: impl Fn(&str) -> bool,
) -> Result<Zeroizing<String>, FileFault> {
    let parse::Sections { sections, defaults: _, headers } = parse::sections(text)?;
    let lines = parse::spans(text);
    let mut gone: Vec<Range<usize>> = Vec::new();
    for section in sections {
        let first = section.line - 1;
        let start = lines[first].start;
        if kept.iter().any(|kept| kept.contains(&start))
            || !profile_name(&section.header, file).is_some_and(|n| goes(&n))
        {
            continue;
        }
        let next = headers.iter().find(|line| **line > section.line).map_or(lines.len(), |line| line - 1);
        let speaks = |line: &Range<usize>| !parse::is_silent(&text[line.clone()]);
        let behind = (first..next).rev().find(|&line| speaks(&lines[line])).map_or(next, |last| last + 1);
        gone.push(start..lines.get(behind).map_or(text.len(), |line| line.start));
        gone.extend(lines.get(next).map(|header| header.start..header.start + parse::indent(&text[header.clone()])));
    }
    let mut left = Zeroizing::new(String::with_capacity(text.len()));
    let mut at = 0;
    for range in gone {
        left.push_str(text.get(at..range.start).unwrap_or_default());
        at = at.max(range.end);
    }
    left.push_str(&text[at..]);
    Ok(left)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gone(text: &str, file: File, name: &str) -> String {
        without(text, file, &[], |found| found == name).unwrap().to_string()
    }

    #[test]
    fn a_profile_goes_with_its_keys_and_the_rest_stays_byte_for_byte() {
        for (text, left) in [
            ("[profile a]\nregion = x\n", ""),
            ("[profile b]\nr = x\n[profile a]\nr = y\n", "[profile b]\nr = x\n"),
            ("# mine\n[profile a]\nr = y\n# inside\ns = z\n\n# of b\n[profile b]\n", "# mine\n\n# of b\n[profile b]\n"),
            ("[profile a]\r\nr = y\r\n[profile b]\r\nr = x", "[profile b]\r\nr = x"),
            ("[profile a]\rr = y\r[profile b]\r", "[profile b]\r"),
            ("[profile \"a\"]\nr = y\n[ profile a ]\ns = z\n[a]\nt = u", "[a]\nt = u"),
            ("[profile a]\ns3 =\n  x = y\n  [profile b]z=1\n[DEFAULT]\nk = v\n", "[DEFAULT]\nk = v\n"),
            ("[c]\ns =\n[profile a]\n  k = v\n# c\n  [profile b]\n r = x\n", "[c]\ns =\n# c\n[profile b]\n r = x\n"),
            ("[c]\ns =\n[profile a]\n  [profile \"a\"]\n  [profile b]\n", "[c]\ns =\n[profile b]\n"),
            ("[profile b]\n", "[profile b]\n"),
            ("", ""),
        ] {
            assert_eq!(gone(text, File::Config, "a"), left, "{text:?}");
        }
        assert_eq!(gone("[a]\nk = v\n[b]\nk = w\n", File::Credentials, "a"), "[b]\nk = w\n");
    }

    #[test]
    fn a_section_in_a_kept_range_stays() {
        let text = "[profile a]\nr = y\n";
        assert_eq!(*without(text, File::Config, std::slice::from_ref(&(0..5)), |_| true).unwrap(), text);
        assert!(without("broken", File::Config, &[], |_| true).is_err());
    }

    proptest! {
        #[test]
        fn the_other_profiles_read_as_before(pieces in prop::collection::vec(prop_oneof![
            Just("[a]\n"), Just("[b]\r\n"), Just("[DEFAULT]\n"), Just("[c]\r"), Just("k = v\n"), Just("l : w\r"),
            Just("  more\n"), Just("# note\n"), Just("\n"), Just("[a]"),
        ], 0..12)) {
            let text = pieces.concat();
            let Ok(before) = super::super::read(&text, File::Credentials) else { return Ok(()) };
            let left = gone(&text, File::Credentials, "a");
            let after = super::super::read(&left, File::Credentials).unwrap();
            prop_assert!(after.get("a").is_none());
            let keys = |profiles: &super::super::Profiles| -> Vec<_> {
                let others = profiles.iter().filter(|profile| profile.name != "a");
                others.map(|p| (p.name.clone(), p.keys.iter().map(|k| (k.name.clone(), k.value.clone())).collect::<Vec<_>>())).collect()
            };
            prop_assert_eq!(keys(&before), keys(&after));
        }
    }
}
