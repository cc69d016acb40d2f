//! Real servers and the people who talk through them: what the scenarios and the demo are played with.

pub mod cast;
pub mod patience;
pub mod servers;
