//! One key with its value, and what it may be: every reading either fits or says what would.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::place::Text;
use crate::settings::problem::Problem;

/// A value that cannot be what the key is for.
pub(super) type Wrong = Box<Problem>;

/// A key with its value.
pub(super) struct Entry<'a> {
    pub(super) file: Text<'a>,
    pub(super) key: &'a str,
    pub(super) key_span: Range<usize>,
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

/// What stands in a table, in the order of the file.
pub(super) fn entries<'a>(file: Text<'a>, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let entry = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
        let name: &'a std::borrow::Cow<'a, str> = key.get_ref();
        Entry { file, key: name, key_span: key.span(), value }
    };
    let mut entries: Vec<_> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

impl<'a> Entry<'a> {
    /// Any text.
    pub(super) fn text(&self) -> Result<&'a str, Wrong> {
        self.value.get_ref().as_str().ok_or_else(|| self.not("a text in quotes"))
    }

    /// A text that means something.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self) -> Result<T, Wrong> {
        self.read(str::parse)
    }

    /// A text that `read` makes something of.
    pub(super) fn read<T, E: Display>(&self, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Wrong> {
        read(self.text()?).map_err(|error| {
            let message = error.to_string();
            let message = message.strip_prefix(&format!("{}: ", self.key)).unwrap_or(&message);
            self.wrong(&self.value.span(), message, "correct the value; without the key there is a default")
        })
    }

    /// Texts in brackets.
    pub(super) fn texts(&self) -> Result<Vec<String>, Wrong> {
        let all = self.value.get_ref().as_array().map(|array| {
            array.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        all.flatten().ok_or_else(|| self.not("a list of texts, such as [\"one\", \"two\"]"))
    }

    /// `true` or `false`.
    pub(super) fn truth(&self) -> Result<bool, Wrong> {
        self.value.get_ref().as_bool().ok_or_else(|| self.not("true or false"))
    }

    /// A whole number from 1.
    pub(super) fn count(&self) -> Result<u32, Wrong> {
        let number = self.value.get_ref().as_integer();
        let number = number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        number.filter(|number| *number > 0).ok_or_else(|| self.not("a whole number from 1"))
    }

    /// A table.
    pub(super) fn table(&self) -> Result<&'a DeTable<'a>, Wrong> {
        self.value.get_ref().as_table().ok_or_else(|| self.not("a table"))
    }

    /// The key means nothing here.
    pub(super) fn unknown(&self, known: &[&str]) -> Wrong {
        self.wrong(&self.key_span, "this key is not known here", &format!("use one of {}", known.join(", ")))
    }

    /// What is wrong with it at this place.
    pub(super) fn wrong(&self, span: &Range<usize>, message: &str, action: &str) -> Wrong {
        self.file.problem(span, format!("{}: {message}", self.key), action.into())
    }

    fn not(&self, wanted: &str) -> Wrong {
        let action = "correct the value; without the key there is a default";
        self.wrong(&self.value.span(), &format!("this must be {wanted}"), action)
    }
}
