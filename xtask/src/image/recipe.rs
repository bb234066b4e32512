//! What the last stage of a `Containerfile` says of how the image is started, for those who have no builder.
//!
//! Takes only the forms that ours uses: one variable an `ENV`, lists in JSON. Anything else is an error, so that the two
//! ways to make the image cannot come to differ in silence.

use anyhow::{Context as _, bail};

/// How an image is started: instructions and their values, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recipe(Vec<(&'static str, String)>);

impl Recipe {
    /// Reads the text of a `Containerfile`.
    ///
    /// # Errors
    /// When the last stage is not from scratch, or says something that is not known here.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let (_, stage) = text.split_once("\nFROM scratch\n").context("its last stage is not `FROM scratch`")?;
        let mut settings = Vec::new();
        for line in stage.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (instruction, value) = line.split_once(' ').with_context(|| format!("{line:?} says nothing"))?;
            let flag = match instruction {
                // What is copied is told by name: see `gather`.
                "COPY" => continue,
                "ENV" => "--config.env",
                "USER" => "--config.user",
                "VOLUME" => "--config.volume",
                "ENTRYPOINT" => "--config.entrypoint",
                "CMD" => "--config.cmd",
                _ => bail!("{instruction} is not known here"),
            };
            if matches!(instruction, "ENV" | "USER") {
                settings.push((flag, value.to_owned()));
            } else {
                let values: Vec<String> =
                    serde_json::from_str(value).with_context(|| format!("{line:?} has no list in JSON"))?;
                settings.extend(values.into_iter().map(|value| (flag, value)));
            }
        }
        Ok(Self(settings))
    }

    /// The flags of `umoci config` and their values.
    pub(crate) fn settings(&self) -> &[(&'static str, String)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_alone_counts() {
        let text =
            "FROM x AS y\nRUN make\n\nFROM scratch\n# a comment\nCOPY a b\nENV A=b\nENTRYPOINT [\"/c\", \"d\"]\n";
        let settings = [("--config.env", "A=b"), ("--config.entrypoint", "/c"), ("--config.entrypoint", "d")];
        let settings = settings.map(|(flag, value)| (flag, value.to_owned()));
        assert_eq!(Recipe::read(text).unwrap(), Recipe(settings.to_vec()));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (text, part) in [
            ("FROM x\nCMD [\"a\"]\n", "FROM scratch"),
            ("#\nFROM scratch\nRUN make\n", "RUN is not known"),
            ("#\nFROM scratch\nCMD agent\n", "no list in JSON"),
            ("#\nFROM scratch\nCMD\n", "says nothing"),
        ] {
            let error = Recipe::read(text).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
