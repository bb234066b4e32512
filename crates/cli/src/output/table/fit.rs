//! How wide the columns of a table are, and what becomes of those that a terminal has no room for. Pure.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::GAP;

/// The least that is left of a text that loses its middle.
const SHORTEST: usize = 12;

/// What becomes of a column where there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It stays as it is.
    Keep,
    /// Its long texts lose their middle, once nothing can go any more.
    Shorten,
    /// It goes; those with the lowest number first.
    Drop(u8),
    /// It takes what the others leave, between these two.
    Fill(usize, usize),
}

/// The width of each column, of which the natural width is given; none for one that goes. Without a terminal all have
/// what they need.
pub(super) fn fitted(columns: &[(usize, Fit)], width: Option<usize>) -> Vec<Option<usize>> {
    let Some(width) = width else {
        let widest = |(natural, fit): &(usize, Fit)| match fit {
            Fit::Fill(_, most) => Some(*most.max(natural)),
            _ => Some(*natural),
        };
        return columns.iter().map(widest).collect();
    };
    let least = |(natural, fit): &(usize, Fit)| match fit {
        Fit::Fill(least, _) => Some(*least.max(natural)),
        _ => Some(*natural),
    };
    let mut widths: Vec<Option<usize>> = columns.iter().map(least).collect();
    while total(&widths) > width {
        let droppable = |at: &usize| match columns[*at].1 {
            Fit::Drop(order) if widths[*at].is_some() => Some(order),
            _ => None,
        };
        let goes = (0..columns.len()).filter(|at| droppable(at).is_some()).min_by_key(droppable);
        let Some(goes) = goes else { break };
        widths[goes] = None;
    }
    while total(&widths) > width {
        let shortable = |at: &usize| columns[*at].1 == Fit::Shorten && widths[*at] > Some(SHORTEST);
        let Some(widest) = (0..columns.len()).filter(shortable).max_by_key(|at| widths[*at]) else { break };
        widths[widest] = widths[widest].map(|width| width - 1);
    }
    for (at, (_, fit)) in columns.iter().enumerate() {
        if let (Fit::Fill(_, most), Some(has)) = (fit, widths[at]) {
            let room = width.saturating_sub(total(&widths));
            widths[at] = Some((has + room).min(has.max(*most)));
        }
    }
    widths
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown: Vec<usize> = widths.iter().flatten().copied().collect();
    shown.iter().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

/// The text, or its begin and its end with `…` between them, in at most `width` characters.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.into();
    }
    let room = width.saturating_sub(1);
    let head = taken(text.chars(), room.div_ceil(2));
    let tail: String = taken(text.chars().rev(), room - room.div_ceil(2)).chars().rev().collect();
    format!("{head}…{tail}")
}

/// As many characters as fit.
fn taken(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    chars.take_while(fits).collect()
}
