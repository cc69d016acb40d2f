//! Which ranges of keys have been given to a page.

use std::collections::BTreeMap;

/// Keys from `from` (inclusive) to `to` (exclusive).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    from: Vec<u8>,
    /// `None` where it has no end.
    to: Option<Vec<u8>>,
}

/// Ranges that do not meet, by where they begin.
#[derive(Debug, Default)]
pub(super) struct Claims(BTreeMap<Vec<u8>, Option<Vec<u8>>>);

// ---------------------------------------------------------------------------------------------------------------------

impl Range {
    /// The range of a page; no end stands as no bytes.
    pub(super) fn between(from: &[u8], to: &[u8]) -> Self {
        Self {
            from: from.to_vec(),
            to: (!to.is_empty()).then(|| to.to_vec()),
        }
    }

    pub(super) fn has(&self, key: &[u8]) -> bool {
        *key >= *self.from && self.to.as_deref().is_none_or(|to| key < to)
    }
}

impl Claims {
    /// Whether a key is in one.
    pub(super) fn has(&self, key: &[u8]) -> bool {
        let before = self
            .0
            .range::<[u8], _>((std::ops::Bound::Unbounded, std::ops::Bound::Included(key)))
            .next_back();
        before.is_some_and(|(_, to)| to.as_deref().is_none_or(|to| key < to))
    }

    /// Takes those parts of `range` that nobody has, and says which.
    pub(super) fn claim(&mut self, range: &Range) -> Vec<Range> {
        let mut free = Vec::new();
        let mut from = Some(range.from.clone());
        while let Some(begin) = from.take().filter(|begin| range.has(begin)) {
            let before = self.0.range(..=begin.clone()).next_back();
            match before.filter(|(_, to)| to.as_ref().is_none_or(|to| begin < *to)) {
                // Somebody has this part: on behind it.
                Some((_, to)) => from.clone_from(to),
                None => {
                    let next = self.0.range(begin.clone()..).next().map(|(next, _)| next.clone());
                    let to = match (next, range.to.clone()) {
                        (Some(next), Some(to)) => Some(next.min(to)),
                        (next, to) => next.or(to),
                    };
                    from.clone_from(&to);
                    free.push(Range { from: begin, to });
                }
            }
        }
        self.0
            .extend(free.iter().map(|free| (free.from.clone(), free.to.clone())));
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(from: u8, to: u8) -> Range {
        let to = [to];
        Range::between(&[from], to.strip_prefix(&[0]).unwrap_or(&to))
    }

    proptest! {
        #[test]
        fn every_key_is_given_once_to_the_first_who_asks(asked in proptest::collection::vec((0u8..40, 0u8..40), 1..12)) {
            let mut claims = Claims::default();
            let mut owners = [None; 40];
            for (n, (from, to)) in asked.iter().enumerate() {
                let wanted = range(*from, *to);
                let given = claims.claim(&wanted);
                for key in 0u8..40 {
                    let mine = given.iter().filter(|given| given.has(&[key])).count();
                    let free = owners[key as usize].is_none() && wanted.has(&[key]);
                    prop_assert_eq!(mine, usize::from(free));
                    if free {
                        owners[key as usize] = Some(n);
                    }
                    prop_assert_eq!(claims.has(&[key]), owners[key as usize].is_some());
                }
            }
        }
    }
}
