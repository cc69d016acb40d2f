//! What is wrong with a configuration: file, line, key, and the nearest valid name.

use std::fmt;
use std::path::Path;

/// A sentence about a configuration, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(String);

/// Where the text stands.
pub(super) struct Context<'a> {
    /// The file.
    pub(super) path: &'a Path,
    /// Its text.
    pub(super) text: &'a str,
}

// ---------------------------------------------------------------------------------------------------------------------

impl ConfigError {
    /// The file cannot be read.
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => ". `causeway init` writes a configuration; --config names another file",
            _ => "",
        };
        Self(format!("{}: {error}{hint}", path.display()))
    }

    /// A sentence that concerns the whole file.
    pub(super) fn about(path: &Path, sentence: &str) -> Self {
        Self(format!("{}: {sentence}", path.display()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// The parser's error with file and line in front and the nearest valid name behind.
pub(super) fn describe(context: &Context, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let before = context.text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let source = context.text.lines().nth(line - 1).unwrap_or_default().trim();
    let mut sentence = format!("{}:{line}:{column}: {}", context.path.display(), error.message());
    if let Some(near) = nearest(error.message()) {
        sentence.push_str(&format!("; did you mean `{near}`?"));
    }
    // A line with a secret on it stays out of the terminal and the journal.
    if !source.is_empty() && !["secret", "password"].iter().any(|word| source.contains(word)) {
        sentence.push_str(&format!("\n    {source}"));
    }
    ConfigError(sentence)
}

/// The name nearest to the unknown one, from a message such as "unknown field `x`, expected one of `a`, `b`".
fn nearest(message: &str) -> Option<String> {
    let mut names = message.split('`').skip(1).step_by(2);
    let wrong = message.starts_with("unknown ").then(|| names.next()).flatten()?;
    names
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}
