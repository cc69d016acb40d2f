//! Where there is room: how many deliveries are under way to each destination.

use crate::engine::dispatch::Couriers;
use std::collections::BTreeMap;

/// How many deliveries are under way to each destination.
#[derive(Debug, Default)]
pub(crate) struct Room(BTreeMap<String, usize>);

// ---------------------------------------------------------------------------------------------------------------------

impl Room {
    /// How many more may be under way to a destination.
    pub(crate) fn left(&self, destination: &str, couriers: &Couriers) -> usize {
        let taken = self.0.get(destination).copied().unwrap_or(0);
        couriers.bound(destination).saturating_sub(taken)
    }

    /// Whether no more may be under way to a destination.
    pub(crate) fn is_full(&self, destination: &str, couriers: &Couriers) -> bool {
        self.left(destination, couriers) == 0
    }

    /// One sets out.
    pub(crate) fn take(&mut self, destination: &str) {
        *self.0.entry(destination.to_owned()).or_default() += 1;
    }

    /// One has ended.
    pub(crate) fn give_back(&mut self, destination: &str) {
        if let Some(count) = self.0.get_mut(destination) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.0.remove(destination);
            }
        }
    }
}
