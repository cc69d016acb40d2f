//! The adapters' own small rows; those of one never meet those of another.

use crate::error::StoreError;
use crate::keys;
use crate::ledger::Ledger;
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::network::Row;

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// A row of a shelf.
    pub fn row(&self, shelf: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = keys::shelf(shelf, key);
        self.backend
            .get(&key)?
            .map(|value| row::unwrap(&key, &value))
            .transpose()
    }

    /// The rows of a shelf whose key begins with `prefix`, in the order of their keys, at most `limit`, those after the
    /// key `after` only. Damaged rows are left out and noted in [`Ledger::damage`].
    pub fn rows(
        &self,
        shelf: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let (all, begin) = (keys::shelf(shelf, ""), keys::shelf(shelf, prefix));
        let from = match after {
            Some(after) => begin.clone().max(keys::after(&keys::shelf(shelf, after))),
            None => begin.clone(),
        };
        let rows = self.backend.range(&from, &keys::end(&begin), limit)?;
        let read = rows.into_iter().filter_map(|(key, value)| {
            let name = String::from_utf8(key.get(all.len()..)?.to_vec()).ok()?;
            let value = row::unwrap(&key, &value).inspect_err(|e| self.note_damage(e)).ok()?;
            Some((name, value))
        });
        Ok(read.collect())
    }
}

impl Pen<'_> {
    /// Puts and takes away rows of a shelf.
    pub(crate) fn shelve(&mut self, shelf: &str, rows: Vec<Row>) {
        for row in rows {
            let key = keys::shelf(shelf, &row.key);
            match row.value {
                Some(value) => self.batch.put(key, &value),
                None => self.batch.delete(key),
            }
        }
    }
}
