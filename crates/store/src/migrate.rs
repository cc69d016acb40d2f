//! The schema of the store: a version stamp, and steps from each version to the next.

use crate::backend::Backend;
use crate::error::StoreError;
use crate::keys;
use crate::row;

/// A step from one version to the next. It may only add rows beside those of the old version: the stamp comes after
/// it, so that a step which was cut short is simply done again.
pub(crate) type Step = fn(&dyn Backend) -> Result<(), StoreError>;

/// The version that the steps begin with. Earlier ones were only ever written by unfinished programs.
const OLDEST: u32 = 2;

/// The steps; the one at index `n` leads from version `OLDEST + n` to the next.
const STEPS: &[Step] = &[];

// ---------------------------------------------------------------------------------------------------------------------

/// Brings the store to the version of this program; refuses one that is newer.
pub(crate) fn migrate(backend: &dyn Backend) -> Result<(), StoreError> {
    migrate_by(backend, STEPS)
}

fn migrate_by(backend: &dyn Backend, steps: &[Step]) -> Result<(), StoreError> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX).saturating_add(OLDEST);
    let found = match backend.get(&keys::schema())? {
        Some(stamp) => row::read::<u32>(&keys::schema(), &stamp)?,
        None if is_empty(backend)? => return stamp(backend, known),
        None => return Err(row::damaged(&keys::schema(), "is missing")),
    };
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let Some(done) = found.checked_sub(OLDEST) else {
        return Err(StoreError::Older { found, oldest: OLDEST });
    };
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    for (step, version) in steps.iter().skip(done).zip(found.saturating_add(1)..) {
        step(backend)?;
        backend.flush()?;
        stamp(backend, version)?;
    }
    Ok(())
}

fn is_empty(backend: &dyn Backend) -> Result<bool, StoreError> {
    Ok(backend.range(&keys::first(), &keys::last(), 1)?.is_empty())
}

fn stamp(backend: &dyn Backend, version: u32) -> Result<(), StoreError> {
    let key = keys::schema();
    let value = row::write(&key, &version)?;
    backend.commit(&[(key, Some(value))])?;
    backend.flush()
}

#[cfg(test)]
mod tests;
