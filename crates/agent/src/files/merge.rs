//! Joins two changes of one text that were made without knowing of each other.
//!
//! Each side is taken as one replaced run of lines, which is what `aws configure`, an editor's append and our own block
//! do. Pure.

use zeroize::Zeroizing;

/// The lines from `start` to `end` of the old text, replaced.
struct Hunk<'a> {
    start: usize,
    end: usize,
    lines: &'a [&'a [u8]],
}

/// `old` with both changes, or none when both replaced the same lines.
pub(super) fn merge(old: &[u8], one: &[u8], two: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Room for all lines and an end for each that had none: a buffer that moves leaves a copy behind.
    let mut merged = Zeroizing::new(Vec::with_capacity(old.len() + one.len() + two.len() + 3));
    let [old, one, two] = [old, one, two].map(|text| text.split_inclusive(|&b| b == b'\n').collect::<Vec<_>>());
    let (one, two) = (hunk(&old, &one), hunk(&old, &two));
    // Two insertions at one place are both kept, the first side's first.
    let (first, second) = if one.start <= two.start { (one, two) } else { (two, one) };
    if first.end > second.start {
        return None;
    }
    let pieces = [&old[..first.start], first.lines, &old[first.end..second.start], second.lines, &old[second.end..]];
    for line in pieces.concat() {
        if merged.last().is_some_and(|&last| last != b'\n') {
            merged.push(b'\n');
        }
        merged.extend_from_slice(line);
    }
    Some(merged)
}

fn hunk<'a>(old: &[&[u8]], new: &'a [&'a [u8]]) -> Hunk<'a> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    Hunk { start, end: old.len() - tail, lines: &new[start..new.len() - tail] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_different_lines_are_both_kept() {
        for (old, one, two, merged) in [
            ("a\nb\n", "a\nb\none\n", "a\nb\ntwo\n", Some("a\nb\none\ntwo\n")),
            ("a\nb\n", "A\nb\n", "a\nb\ntwo\n", Some("A\nb\ntwo\n")),
            ("a\nb\nc\n", "a\nb\n", "x\na\nb\nc\n", Some("x\na\nb\n")),
            ("", "one\n", "two", Some("one\ntwo")),
            ("a", "a\none\n", "a", Some("a\none\n")),
            ("a\n", "one\n", "two\n", None),
        ] {
            let result = merge(old.as_bytes(), one.as_bytes(), two.as_bytes());
            assert_eq!(
                result.as_ref().map(|bytes| bytes.as_slice()),
                merged.map(str::as_bytes),
                "{old:?} {one:?} {two:?}"
            );
        }
    }
}
