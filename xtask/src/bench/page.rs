//! `docs/figures.md`: one section for each bench.
//!
//! A run replaces the sections of what it measured and leaves the others, so each says itself when and where it was
//! measured.

use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use anyhow::Context as _;

use crate::workspace::root;

const INTRODUCTION: &str = "\
# Figures

Written by `cargo xtask bench`, which measures all of it but the clean build; `cargo xtask bench NAME…` repeats single
sections (`cargo xtask bench --help` has the names). It needs Go and what the tests need; `wrk` is installed where that is
possible.

Everything is measured on the binary that ships (`cargo xtask dist`), against `rolecall sandbox` on the same machine, without
TLS. Only ratios mean something on another machine. Programs that do the same job run in turns; one core has the servers, the
other the program that is measured; each program is measured as a whole, by the kernel's own counting, from before its start
to after its end, its output read through a pipe. A goal that is missed says so.
";

/// The page: text of each section by its title.
pub(super) struct Page(BTreeMap<String, String>);

impl Page {
    /// The page as it is; empty when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read() -> anyhow::Result<Self> {
        let path = root().join("docs/figures.md");
        if !path.exists() {
            return Ok(Self(BTreeMap::new()));
        }
        Ok(Self::parse(&fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?))
    }

    fn parse(text: &str) -> Self {
        let sections = text.split("\n## ").skip(1);
        let pair = |section: &str| {
            let (title, text) = section.split_once('\n').unwrap_or((section, ""));
            (title.to_owned(), text.trim().to_owned())
        };
        Self(sections.map(pair).collect())
    }

    /// Puts in what was measured now.
    ///
    /// # Errors
    /// When the date cannot be told.
    pub(super) fn put(&mut self, title: &str, text: &str) -> anyhow::Result<()> {
        self.0.insert(title.to_owned(), format!("{}\n\nMeasured on {}: {}.", text.trim(), today()?, machine()));
        Ok(())
    }

    /// Writes the sections with these titles, in this order; an older one with another title is gone.
    ///
    /// # Errors
    /// When the page cannot be written.
    pub(super) fn write(&self, titles: &[&str]) -> anyhow::Result<()> {
        let path = root().join("docs/figures.md");
        fs::write(&path, self.render(titles)).with_context(|| format!("cannot write {}", path.display()))
    }

    fn render(&self, titles: &[&str]) -> String {
        let sections = titles.iter().filter_map(|title| Some((title, self.0.get(*title)?)));
        let sections: String = sections.map(|(title, text)| format!("\n## {title}\n\n{text}\n")).collect();
        format!("{INTRODUCTION}{sections}")
    }
}

#[expect(clippy::disallowed_methods, reason = "dates a page for people; decides nothing")]
fn today() -> anyhow::Result<String> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now = jiff::Timestamp::from_second(i64::try_from(since.as_secs())?).map_err(anyhow::Error::msg)?;
    Ok(now.strftime("%Y-%m-%d").to_string())
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |path: &str, name: &str| {
        let text = read(path);
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let memory =
        field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse::<u64>().unwrap_or(0).div_ceil(1 << 20);
    let cores = read("/proc/cpuinfo").lines().filter(|line| line.starts_with("processor")).count();
    let processor = field("/proc/cpuinfo", "model name");
    let system = read("/proc/sys/kernel/osrelease");
    let system = system.split('-').next().unwrap_or_default().trim();
    format!("{cores} cores of {processor}, {memory} GiB, Linux {system}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_stays() {
        let mut page = Page::parse("# Figures\n\nold words\n\n## B\n\nof b\n\n## Gone\n\nx\n\n## A\n\nof a\n");
        page.put("B", "new\n").unwrap();
        let text = page.render(&["A", "B", "C"]);
        assert!(text.starts_with(INTRODUCTION));
        let (a, b) = text.strip_prefix(INTRODUCTION).unwrap().split_once("\n## B\n\n").unwrap();
        assert_eq!(a, "\n## A\n\nof a\n");
        assert!(b.starts_with("new\n\nMeasured on 20"), "{b}");
        assert_eq!(Page::parse(&text).render(&["A", "B", "C"]), text);
    }
}
