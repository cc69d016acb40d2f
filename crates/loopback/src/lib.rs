//! A pretend network on one page: tutorial and test double.
