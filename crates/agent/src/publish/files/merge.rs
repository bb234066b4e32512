//! Joins two changes of one text that were made without knowing of each other, line by line.
//!
//! Promises that every change is kept that the other side did not make in the same lines too; there `two` counts. A block
//! of ours counts as one line: half of one change and half of another would be neither. Pure.

use std::ops::Range;

use rolecall_formats::block;
use similar::{Algorithm, DiffTag, capture_diff_slices};
use zeroize::Zeroizing;

/// Lines of the old text, replaced.
struct Hunk<'a> {
    old: Range<usize>,
    lines: &'a [&'a [u8]],
}

/// `old` with both changes. Of two insertions in one place both are kept, that of `one` first.
pub(super) fn merge(old: &[u8], one: &[u8], two: &[u8]) -> Zeroizing<Vec<u8>> {
    // Room for all lines and an end for each that had none: a buffer that moves leaves a copy behind.
    let mut merged = Zeroizing::new(Vec::with_capacity(old.len() + one.len() + two.len() + 3));
    let [old, one, two] = [old, one, two].map(lines);
    let theirs = hunks(&old, &two);
    let mut all: Vec<&Hunk<'_>> = theirs.iter().collect();
    let ones = hunks(&old, &one);
    all.extend(ones.iter().filter(|hunk| theirs.iter().all(|other| hunk.goes_with(other))));
    // Stable, and insertions go before what replaces the line that they stand before.
    all.sort_by_key(|hunk| (hunk.old.start, hunk.old.end, !ones.iter().any(|one| std::ptr::eq(one, *hunk))));
    let mut append = |lines: &[&[u8]]| {
        for line in lines {
            if merged.last().is_some_and(|&last| last != b'\n') {
                merged.push(b'\n');
            }
            merged.extend_from_slice(line);
        }
    };
    let mut at = 0;
    for hunk in all {
        append(&old[at..hunk.old.start]);
        append(hunk.lines);
        at = hunk.old.end;
    }
    append(&old[at..]);
    merged
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    match str::from_utf8(text) {
        Ok(text) => block::pieces(text).into_iter().map(str::as_bytes).collect(),
        Err(_) => text.split_inclusive(|&byte| byte == b'\n').collect(),
    }
}

impl Hunk<'_> {
    /// Whether both can be made: they are of different lines, and this is not the other one or a part of it.
    fn goes_with(&self, other: &Self) -> bool {
        let is_part = self.old == other.old && self.lines.iter().all(|line| other.lines.contains(line));
        !is_part && (self.old.end <= other.old.start || other.old.end <= self.old.start)
    }
}

fn hunks<'a>(old: &[&[u8]], new: &'a [&'a [u8]]) -> Vec<Hunk<'a>> {
    let mut hunks = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, old, new) {
        let (old, lines) = (operation.old_range(), &new[operation.new_range()]);
        match operation.tag() {
            DiffTag::Equal => {}
            // Line for line: the other side may have changed only one of them.
            DiffTag::Replace if old.len() == lines.len() => {
                hunks.extend(old.zip(lines.chunks(1)).map(|(at, lines)| Hunk { old: at..at + 1, lines }));
            }
            DiffTag::Replace | DiffTag::Delete | DiffTag::Insert => hunks.push(Hunk { old, lines }),
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_different_lines_are_both_kept() {
        for (old, one, two, merged) in [
            ("a\nb\n", "a\nb\none\n", "a\nb\ntwo\n", "a\nb\none\ntwo\n"),
            ("a\nb\n", "A\nb\n", "a\nb\ntwo\n", "A\nb\ntwo\n"),
            ("a\nb\nc\n", "a\nb\n", "x\na\nb\nc\n", "x\na\nb\n"),
            ("", "one\n", "two", "one\ntwo"),
            ("a", "a\none\n", "a", "a\none\n"),
            // Between and round the changes of the other side.
            ("a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne\n", "A\nb\nc\nd\nE\n", "A\nb\nC\nd\nE\n"),
            ("a\nb\nc\nd\ne\n", "A\nb\nc\nd\nE\n", "a\nb\nC\nd\ne\n", "A\nb\nC\nd\nE\n"),
        ] {
            assert_eq!(text(old, one, two), merged, "{old:?} {one:?} {two:?}");
        }
    }

    #[test]
    fn of_two_changes_of_one_line_the_second_counts_and_the_others_stay() {
        for (old, one, two, merged) in [
            ("a\n", "one\n", "two\n", "two\n"),
            ("a\nb\nc\n", "one\nb\nC\n", "two\nb\nc\n", "two\nb\nC\n"),
            ("a\nb\n", "b\n", "A\nb\n", "A\nb\n"),
        ] {
            assert_eq!(text(old, one, two), merged, "{old:?} {one:?} {two:?}");
        }
    }

    #[test]
    fn a_block_of_ours_is_never_torn() {
        let block = |version: u32| {
            format!(
                "# >>> rolecall 3fa9c2d1 >>>\n[a]\nx = {version}\ny = 0\nz = {version}\n# <<< rolecall 3fa9c2d1 <<<\n"
            )
        };
        let with = |version| format!("a\n{}b\n", block(version));
        let (one, two) = (with(1).replace("a\n", "A\n").replace("z = 1", "z = 0"), with(2));
        assert_eq!(text(&with(0), &one, &two), with(2).replace("a\n", "A\n"));
    }

    #[test]
    fn a_change_that_both_made_is_made_once() {
        assert_eq!(text("a\nc\n", "a\nb\nc\n", "a\nb\nc\n"), "a\nb\nc\n");
        assert_eq!(text("a\nc\n", "a\nb\nc\nd\n", "a\nb\nc\n"), "a\nb\nc\nd\n");
        assert_eq!(text("a\nc\n", "a\nb\nc\n", "a\nb\nx\nc\n"), "a\nb\nx\nc\n");
    }

    fn text(old: &str, one: &str, two: &str) -> String {
        String::from_utf8(merge(old.as_bytes(), one.as_bytes(), two.as_bytes()).to_vec()).unwrap()
    }
}
