//! What is watched while it changes: the sessions of all roles as bars that run down. For `demo` and `status --watch`.
//!
//! `row` is what is shown of a role, `picture` makes the text of it, `screen` draws it over itself on a terminal and
//! prints a line for each new session elsewhere. Where the rows come from, and when, is left to the commands.

mod picture;
mod row;
mod screen;

pub(crate) use picture::Picture;
pub(crate) use row::{Row, rows};
pub(crate) use screen::{Screen, restore};
