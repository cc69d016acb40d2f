//! Looking whether sled still holds everything that was written to it.

use crate::error::StoreError;
use crate::keys;
use crate::sled::SledBackend;
use crate::sled::pieces::{self, Stored};
use crate::sled::tally::{Sums, Walk};
use std::sync::PoisonError;
use std::time::Duration;

/// How many rows are looked at before commits have their turn.
const PAGE: usize = 1024;
/// The time between two pages.
const PAUSE: Duration = Duration::from_millis(1);

// ---------------------------------------------------------------------------------------------------------------------

impl SledBackend {
    /// Adds up all rows, and compares that with what was written; sentences about what is wrong.
    pub(super) fn verified(&self) -> Result<Vec<String>, StoreError> {
        let _walking = self.walking.lock().unwrap_or_else(PoisonError::into_inner);
        self.books().walk = Some(Walk::default());
        let mut wrong = Vec::new();
        let walked = loop {
            match self.walk_page(&mut wrong) {
                Ok(true) => std::thread::sleep(PAUSE),
                done => break done,
            }
        };
        let (kept, walk) = {
            let mut books = self.books();
            (books.tally.sums, books.walk.take())
        };
        walked?;
        if let Some((kept, walk)) = kept.zip(walk).filter(|_| wrong.is_empty()) {
            wrong.extend(difference(kept, walk.seen));
        }
        Ok(wrong)
    }

    /// Looks at the next page; whether there is more.
    fn walk_page(&self, wrong: &mut Vec<String>) -> Result<bool, StoreError> {
        let mut books = self.books();
        let Some(walk) = &mut books.walk else { return Ok(false) };
        // A page that cannot be read is a finding, and stops nothing that does not need it.
        let page = self.with("looking at rows", |tree| {
            Ok(pieces::page(tree, &walk.upto, &keys::last(), PAGE))
        })?;
        let page = match page {
            Ok(page) => page,
            Err(e) => {
                wrong.push(format!(
                    "the rows from {} on cannot be read: {e}",
                    keys::readable(&walk.upto)
                ));
                return Ok(false);
            }
        };
        for Stored { key, stored, is_whole } in &page {
            walk.seen.add(key, stored);
            if !is_whole {
                wrong.push(format!("the row {} has lost a part of its value", keys::readable(key)));
            }
        }
        walk.upto = page.last().map_or_else(keys::last, |last| keys::after(&last.key));
        Ok(!page.is_empty())
    }

    /// Adds up the rows of a store from before that was done.
    pub(super) fn add_up(&self) -> Result<Sums, StoreError> {
        let mut sums = Sums::default();
        let mut from = keys::first();
        loop {
            let page = self.with("reading rows", |tree| pieces::page(tree, &from, &keys::last(), PAGE))?;
            let Some(last) = page.last() else { return Ok(sums) };
            from = keys::after(&last.key);
            page.iter().for_each(|row| sums.add(&row.key, &row.stored));
        }
    }
}

fn difference(kept: Sums, seen: Sums) -> Option<String> {
    if kept == seen {
        return None;
    }
    Some(match kept.rows.checked_sub(seen.rows) {
        Some(0) => "some of its rows are not as they were written last".to_owned(),
        Some(lost) => format!("{lost} of its {} rows are lost", kept.rows),
        None => format!("it shows {} rows where {} were written", seen.rows, kept.rows),
    })
}
