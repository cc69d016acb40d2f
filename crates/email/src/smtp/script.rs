//! A server that speaks by a script, for tests.
