//! What a side can carry, as data.

/// What a side can carry. [`crate::fit::fit`] changes a payload until it fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it knows corrections of earlier messages.
    pub edits: bool,
    /// Whether it can take an earlier message back.
    pub retractions: bool,
    /// What becomes of reactions.
    pub reactions: Reactions,
    /// Whether it heeds the wish that a message be kept nowhere (XEP-0334).
    pub unkept: bool,
    /// Whether news of delivery and display can be shown without words.
    pub receipts: bool,
    /// The longest text in bytes; what is longer is cut with a word about it.
    pub longest_text: usize,
}

/// How far a side knows reactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reactions {
    /// Its programs show them at the message that is meant, and take them away again.
    Shown,
    /// They can be marked as what they are, but few programs know the mark: words must stand beside it.
    Marked,
    /// It has only words for them.
    Unknown,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Capabilities {
    /// All that there is, in texts of any length.
    pub const ALL: Self = Self {
        edits: true,
        retractions: true,
        reactions: Reactions::Shown,
        unkept: true,
        receipts: true,
        longest_text: usize::MAX,
    };

    /// Words of any length and nothing else.
    pub const WORDS: Self = Self {
        edits: false,
        retractions: false,
        reactions: Reactions::Unknown,
        unkept: false,
        receipts: false,
        longest_text: usize::MAX,
    };
}
