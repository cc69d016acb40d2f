//! Loops and machines: whether a mail has been here before, and whether a person sent it.

/// What the header of a mail says about its sender's nature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// A machine sent it: it is never answered.
    pub automatic: bool,
    /// It has been here before.
    pub loop_: bool,
    /// It looks like a bounce.
    pub bounce_like: bool,
    /// The header fields that said so.
    pub reasons: Vec<&'static str>,
}
