//! What a side can carry, as data.

/// What a side can carry. [`crate::fit::fit`] changes a payload until it fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it knows corrections of earlier messages.
    pub edits: bool,
    /// Whether news of delivery and display can be shown without words.
    pub receipts: bool,
    /// The longest text in bytes; what is longer is cut with a word about it.
    pub longest_text: usize,
}
