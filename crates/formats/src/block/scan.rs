//! Where the blocks of a text are.
//!
//! A marker counts only at the start of a line of its own. Any other line that holds one is an error, not the user's
//! text: somebody changed a block, and guessing where it ends would cost the user lines or let us read our own
//! credentials as theirs.

use super::{BlockError, Id, LINE_END_ADDED};

const START: &str = "# >>> rolecall ";
const END: &str = "# <<< rolecall ";

/// A block, from the first byte of its start marker to the first behind the line of its end marker.
pub(super) struct Block {
    pub(super) id: Id,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The line end before the block was added with it.
    pub(super) line_end_added: bool,
}

enum Marker {
    Start(Id),
    End(Id),
}

/// What a start marker begins with; text may follow.
pub(super) fn start_marker(id: &Id) -> String {
    format!("{START}{id} >>>")
}

/// The whole end marker.
pub(super) fn end_marker(id: &Id) -> String {
    format!("{END}{id} <<<")
}

/// Whether `line` holds a marker, whole or changed.
pub(super) fn is_marker(line: &str) -> bool {
    line.contains(START) || line.contains(END)
}

/// The blocks of `text`, in order.
pub(super) fn scan(text: &str) -> Result<Vec<Block>, BlockError> {
    let mut blocks: Vec<Block> = Vec::new();
    // The block being read, with the line of its start marker and whether the line just read is that marker.
    let mut open: Option<(Block, usize)> = None;
    let mut at = 0;
    for (line, content) in (1..).zip(text.split_inclusive('\n')) {
        let start = at;
        at += content.len();
        if !is_marker(content) {
            if let Some((block, opened)) = &mut open
                && line == *opened + 1
            {
                block.line_end_added = without_line_end(content) == without_line_end(LINE_END_ADDED);
            }
            continue;
        }
        let marker = marker(without_line_end(content)).ok_or(BlockError::Changed { line })?;
        open = match (open, marker) {
            (None, Marker::Start(id)) => {
                if blocks.iter().any(|block| block.id == id) {
                    return Err(BlockError::Twice { line, id });
                }
                Some((Block { id, start, end: at, line_end_added: false }, line))
            }
            (None, Marker::End(id)) => return Err(BlockError::Unopened { line, id }),
            (Some((block, _)), Marker::End(id)) if id == block.id => {
                blocks.push(Block { end: at, ..block });
                None
            }
            (Some(_), Marker::Start(id) | Marker::End(id)) => return Err(BlockError::Nested { line, id }),
        };
    }
    match open {
        None => Ok(blocks),
        Some((block, line)) => Err(BlockError::Unclosed { line, id: block.id }),
    }
}

/// The marker that `line` is. An editor may have given it another line end or blanks at the end.
fn marker(line: &str) -> Option<Marker> {
    let id = |text: &str| text.get(..8)?.parse().ok();
    if let Some(rest) = line.strip_prefix(START) {
        let id = id(rest)?;
        let tail = rest[8..].strip_prefix(" >>>")?;
        (tail.is_empty() || tail.starts_with(' ')).then_some(Marker::Start(id))
    } else {
        let rest = line.strip_prefix(END)?;
        let id = id(rest)?;
        (rest[8..].trim_end() == " <<<").then_some(Marker::End(id))
    }
}

fn without_line_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}
