//! Cuts the quoted mail off an answer, only where it touches an end.
