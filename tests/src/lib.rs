//! The cast and the servers of the scenarios.
