//! Long lists page by page (XEP-0059).

use crate::errors::Refusal;
use crate::ns;
use causeway_core::language::Words;
use minidom::Element;
use std::ops::Range;
use xmpp_parsers::rsm::{First, SetQuery, SetResult};

/// How many items a page has at most.
const MOST: usize = 200;

/// One page.
pub(super) struct Page<'a, T> {
    pub(super) items: &'a [T],
    /// What says where in the list it is; `None` where the page is the list and nobody asked for pages.
    pub(super) set: Option<Element>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The page of `all` that a query asks for. `uid` names an item, differently from all others. An item that is named and
/// not there is `item-not-found` (XEP-0059 section 2.4).
pub(super) fn page<'a, T>(all: &'a [T], uid: impl Fn(&T) -> &str, query: &Element) -> Result<Page<'a, T>, Refusal> {
    let asked = query.children().find(|child| child.is("set", ns::RSM));
    let wanted = match asked {
        Some(set) => SetQuery::try_from(set.clone()).map_err(|_| {
            Refusal::bad_request(Words::new(
                "The page cannot be understood",
                "Die gewünschte Seite ist nicht zu verstehen",
            ))
        })?,
        None => SetQuery {
            max: None,
            after: None,
            before: None,
            index: None,
        },
    };
    let range = range(all, &uid, &wanted)?;
    let items = all.get(range.clone()).unwrap_or_default();
    let tells = asked.is_some() || items.len() < all.len();
    let first = items.first().map(|item| First {
        index: Some(range.start),
        item: uid(item).to_owned(),
    });
    let set = SetResult {
        first,
        last: items.last().map(|item| uid(item).to_owned()),
        count: Some(all.len()),
    };
    Ok(Page {
        items,
        // The whole list being empty is told without a set (XEP-0059 section 2.2).
        set: (tells && !all.is_empty()).then(|| set.into()),
    })
}

fn range<T>(all: &[T], uid: &impl Fn(&T) -> &str, wanted: &SetQuery) -> Result<Range<usize>, Refusal> {
    let max = wanted.max.unwrap_or(MOST).min(MOST);
    let place = |named: &str| {
        let gone = || Refusal::not_found(Words::new("The list has no such item", "Das steht nicht in der Liste"));
        all.iter().position(|item| uid(item) == named).ok_or_else(gone)
    };
    let forwards = |start: usize| start.min(all.len())..start.saturating_add(max).min(all.len());
    let backwards = |end: usize| end.saturating_sub(max)..end;
    Ok(match (&wanted.after, wanted.before.as_deref(), wanted.index) {
        (Some(after), _, _) => forwards(place(after)?.saturating_add(1)),
        (None, Some(""), _) => backwards(all.len()),
        (None, Some(before), _) => backwards(place(before)?),
        (None, None, index) => forwards(index.unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["abram", "benvolio", "gregory", "juliet", "nurse"];

    fn check(set: &str, expect: &[&str], index: Option<usize>) {
        let query: Element =
            format!("<query xmlns='q'><set xmlns='http://jabber.org/protocol/rsm'>{set}</set></query>")
                .parse()
                .unwrap();
        let page = page(&NAMES, |name| name, &query).unwrap();
        assert_eq!(page.items, expect, "{set}");
        let told = SetResult::try_from(page.set.unwrap()).unwrap();
        assert_eq!(told.count, Some(5), "{set}");
        assert_eq!(told.first.and_then(|first| first.index), index, "{set}");
        assert_eq!(told.last.as_deref(), expect.last().copied(), "{set}");
    }

    #[test]
    fn a_list_can_be_leafed_through_both_ways() {
        check("<max>2</max>", &["abram", "benvolio"], Some(0));
        check("<max>2</max><after>benvolio</after>", &["gregory", "juliet"], Some(2));
        check("<max>2</max><after>juliet</after>", &["nurse"], Some(4));
        check("<max>2</max><after>nurse</after>", &[], None);
        check("<max>2</max><before/>", &["juliet", "nurse"], Some(3));
        check("<max>2</max><before>juliet</before>", &["benvolio", "gregory"], Some(1));
        check("<max>9</max><before>benvolio</before>", &["abram"], Some(0));
        check("<max>1</max><index>2</index>", &["gregory"], Some(2));
        check("<max>1</max><index>7</index>", &[], None);
        check("<max>0</max>", &[], None);
        check("", &NAMES, Some(0));
    }

    #[test]
    fn an_item_that_is_not_there_cannot_be_a_place() {
        for set in [
            "<after>tybalt</after>",
            "<before>tybalt</before>",
            "<max>many</max>",
            "<max>-1</max>",
        ] {
            let query: Element =
                format!("<query xmlns='q'><set xmlns='http://jabber.org/protocol/rsm'>{set}</set></query>")
                    .parse()
                    .unwrap();
            assert!(page(&NAMES, |name| name, &query).is_err(), "{set}");
        }
    }

    #[test]
    fn a_short_list_is_given_whole_and_a_long_one_says_that_it_goes_on() {
        let query: Element = "<query xmlns='q'/>".parse().unwrap();
        let short = page(&NAMES, |name| name, &query).unwrap();
        assert!(short.items.len() == 5 && short.set.is_none());
        let many: Vec<String> = (0..300).map(|number| format!("{number:03}")).collect();
        let long = page(&many, String::as_str, &query).unwrap();
        assert!(long.items.len() == MOST && long.set.is_some());
        assert!(page(&[""; 0], |name| name, &query).unwrap().set.is_none());
    }
}
