//! Our marked part of a file that belongs to the user.
//!
//! Promises that every byte outside it stays as it is, that what was put in comes out again without a trace, and that
//! a file whose markers do not add up is never written into. What stands in the block is left to `profile`, and
//! reading and writing the file to the caller.
//!
//! ```text
//! # >>> rolecall 3fa9c2d1 >>> written by rolecall, edits in here are lost
//! [profile MyFirstAccount]
//! # <<< rolecall 3fa9c2d1 <<<
//! ```

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use zeroize::Zeroizing;

mod scan;

use scan::{Block, is_marker, scan};

/// Second line of a block that was put behind a last line without a line end. That line needs one while the block
/// stands; this says to take it away again.
const LINE_END_ADDED: &str = "# the line above had no line end; it goes again with this block\n";

/// Tells the blocks of several state directories apart: 8 hex digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 8]);

/// The text is not 8 hex digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a rolecall block: 8 hex digits in lower case")]
pub struct IdError(String);

/// Why a file's blocks cannot be told from what is the user's. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// A marker that is indented, cut, commented out or has text behind it.
    #[error("line {line} has a rolecall marker that was changed; restore it, or delete the block with both markers")]
    Changed {
        /// The marker.
        line: usize,
    },
    /// A start marker whose end marker is missing.
    #[error("line {line} starts the rolecall block {id}, but no line ends it; delete what is left of the block")]
    Unclosed {
        /// The start marker.
        line: usize,
        /// The block.
        id: Id,
    },
    /// An end marker whose start marker is missing.
    #[error("line {line} ends the rolecall block {id}, but no line starts it; delete what is left of the block")]
    Unopened {
        /// The end marker.
        line: usize,
        /// The block.
        id: Id,
    },
    /// A marker of another block before the end of one.
    #[error("line {line} has a marker of the rolecall block {id} inside another block; delete both blocks")]
    Nested {
        /// The inner marker.
        line: usize,
        /// The block that it names.
        id: Id,
    },
    /// The same block twice.
    #[error("line {line} starts the rolecall block {id} a second time; delete one of the two")]
    Twice {
        /// The second start marker.
        line: usize,
        /// The block.
        id: Id,
    },
    /// The new body would itself be read as a marker.
    #[error("line {line} of the new block reads as a rolecall marker")]
    Body {
        /// The line in the body.
        line: usize,
    },
}

/// `text` without any block of ours, whatever its id: what is the user's.
///
/// # Errors
/// When the markers do not add up.
pub fn cut(text: &str) -> Result<String, BlockError> {
    Ok(without(text, &Vec::from_iter(&scan(text)?)).concat())
}

/// Where the blocks of `text` are, in order: the bytes from each start marker to the end of its end marker's line.
///
/// # Errors
/// When the markers do not add up.
pub fn spans(text: &str) -> Result<Vec<Range<usize>>, BlockError> {
    Ok(scan(text)?.into_iter().map(|block| block.start..block.end).collect())
}

/// What stands in the block `id`; none when there is no such block.
///
/// # Errors
/// When the markers do not add up.
pub fn body<'a>(text: &'a str, id: &Id) -> Result<Option<&'a str>, BlockError> {
    let blocks = scan(text)?;
    let Some(block) = blocks.iter().find(|block| block.id == *id) else { return Ok(None) };
    let lines = text[block.start..block.end].split_inclusive('\n').skip(if block.line_end_added { 2 } else { 1 });
    let length: usize = lines.clone().map(str::len).sum();
    let end_marker = lines.last().map_or(0, str::len);
    Ok(Some(&text[block.end - length..block.end - end_marker]))
}

/// `text` with `body` in the block `id`: where that block stands now, else at the end. Without a body, or with an empty
/// one, the block goes. Other blocks stay.
///
/// A last line without a line end is given one for as long as the block stands; it keeps it only if something else was
/// appended to the file meanwhile.
///
/// # Errors
/// When the markers in `text` do not add up, or `body` has a line that would be read as one.
pub fn replace(text: &str, id: &Id, body: Option<&str>) -> Result<Zeroizing<String>, BlockError> {
    let blocks = scan(text)?;
    let ours = blocks.iter().find(|block| block.id == *id);
    let Some(body) = body.filter(|body| !body.is_empty()) else {
        return Ok(Zeroizing::new(without(text, &Vec::from_iter(ours)).concat()));
    };
    let reserved = |line: &str| is_marker(line) || line == LINE_END_ADDED.trim_end();
    if let Some(at) = body.lines().position(reserved) {
        return Err(BlockError::Body { line: at + 1 });
    }
    let (before, line_end_added, after) = match ours {
        Some(ours) => (&text[..ours.start], ours.line_end_added, &text[ours.end..]),
        None => (text, !text.is_empty() && !text.ends_with('\n'), ""),
    };
    let start = format!("{} written by rolecall, edits in here are lost\n", scan::start_marker(id));
    let end = format!("{}\n", scan::end_marker(id));
    // Put together at once: a text that grows leaves copies behind, and the body may hold keys.
    let parts = [
        before,
        if ours.is_none() && line_end_added { "\n" } else { "" },
        &start,
        if line_end_added { LINE_END_ADDED } else { "" },
        body,
        if body.ends_with('\n') { "" } else { "\n" },
        &end,
        after,
    ];
    Ok(Zeroizing::new(parts.concat()))
}

/// The ids of the blocks in `text`, in order.
///
/// # Errors
/// When the markers do not add up.
pub fn ids(text: &str) -> Result<Vec<Id>, BlockError> {
    Ok(scan(text)?.into_iter().map(|block| block.id).collect())
}

/// The lines of `text` with their ends, but each block of ours in one piece: for whoever moves lines about and must not
/// tear one. Text whose markers do not add up falls into lines.
#[must_use]
pub fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for block in scan(text).unwrap_or_default() {
        pieces.extend(text[at..block.start].split_inclusive('\n'));
        pieces.push(&text[block.start..block.end]);
        at = block.end;
    }
    pieces.extend(text[at..].split_inclusive('\n'));
    pieces
}

/// The parts of `text` round `blocks`, which are in order.
fn without<'a>(text: &'a str, blocks: &[&Block]) -> Vec<&'a str> {
    let mut parts = Vec::with_capacity(blocks.len() + 1);
    // From the last to the first: whether a line end goes with its block depends on what is left behind it.
    let (mut end, mut nothing_behind, mut line_end_goes) = (text.len(), true, false);
    let spans = blocks.iter().rev().map(|block| (block.end, block.start, block.line_end_added));
    for (start, next_end, line_end_added) in spans.chain([(0, 0, false)]) {
        let part = &text[start..end];
        let part = if line_end_goes { part.strip_suffix('\n').unwrap_or(part) } else { part };
        nothing_behind &= part.is_empty();
        line_end_goes = line_end_added && nothing_behind;
        end = next_end;
        parts.push(part);
    }
    parts.reverse();
    parts
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match <[u8; 8]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) => Ok(Self(digits)),
            _ => Err(IdError(text.into())),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&digit| write!(f, "{}", char::from(digit)))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests;
