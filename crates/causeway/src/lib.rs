//! The gateway: reads the configuration, builds the sides, runs the engine, offers the command line.

pub mod assemble;
pub mod chores;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod engine;
pub mod networks;
pub mod office;
pub mod supervise;
pub mod web;
