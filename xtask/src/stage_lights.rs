//! Progress for people: one line for each step, a spinner while it lasts, and the time it took.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// The steps of a task.
pub(crate) struct Lights {
    style: ProgressStyle,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Lights {
    /// Lights for a task that begins.
    pub(crate) fn new() -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        Self {
            style: style.unwrap_or_else(|_| ProgressStyle::default_spinner()),
        }
    }

    /// Runs a step under a title. What it says at its end stands behind the title.
    pub(crate) fn step<T, E>(&self, title: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let bar = ProgressBar::new_spinner()
            .with_style(self.style.clone())
            .with_message(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        let result = work();
        let (mark, took) = (if result.is_ok() { "✓" } else { "✗" }, bar.elapsed());
        bar.finish_and_clear();
        println!("{mark} {title} ({:.1} s)", took.as_secs_f64());
        result
    }
}
