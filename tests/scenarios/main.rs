//! The scenarios: real servers, real protocols, one behaviour each.

mod servers_stand_up;
