use super::*;
use crate::cast::{NOW, romeo};

fn key(user: &str, name: &str) -> Key {
    Key {
        user: BareJid::new(user).unwrap(),
        full: format!("{user}/balcony"),
        name: name.to_owned(),
    }
}

const ROMEO: &str = "romeo@verona.example";

#[test]
fn a_thing_is_found_under_its_full_jid_only() {
    let kept = Remembered::default();
    kept.keep(key(ROMEO, "1"), "the ring", NOW);
    let elsewhere = Key {
        full: format!("{ROMEO}/orchard"),
        ..key(ROMEO, "1")
    };
    assert_eq!(kept.take(&elsewhere, NOW), None);
    assert_eq!(kept.take(&key(ROMEO, "1"), NOW), Some("the ring"));
    assert_eq!(kept.take(&key(ROMEO, "1"), NOW), None, "once");
}

#[test]
fn after_its_time_it_is_forgotten() {
    let kept = Remembered::default();
    kept.keep(key(ROMEO, "1"), "the ring", NOW);
    assert_eq!(kept.take(&key(ROMEO, "1"), NOW.plus(TIME)), None);
}

#[test]
fn a_user_with_many_crowds_out_his_own_only() {
    let kept = Remembered::default();
    kept.keep(key("juliet@verona.example", "1"), 0, NOW);
    for number in 0..=MOST_EACH {
        let later = NOW.plus(Duration::from_secs(1 + number as u64));
        kept.keep(key(ROMEO, &number.to_string()), number, later);
    }
    let now = NOW.plus(Duration::from_secs(60));
    assert_eq!(kept.take(&key(ROMEO, "0"), now), None);
    assert_eq!(kept.take(&key(ROMEO, "1"), now), Some(1));
    assert_eq!(kept.take(&key("juliet@verona.example", "1"), now), Some(0));
}

#[test]
fn all_of_verona_has_a_bound() {
    let kept = Remembered::default();
    for number in 0..MOST + 10 {
        kept.keep(key(&format!("citizen{number}@verona.example"), "1"), number, NOW);
    }
    assert_eq!(lock(&kept.0).len(), MOST);
}

#[test]
fn a_user_asks_so_much_at_once_and_no_more() {
    let attention = Attention::default();
    let mut under_way: Vec<_> = (0..CALLS).map(|_| attention.begin(&romeo()).unwrap()).collect();
    assert!(attention.begin(&romeo()).is_none());
    assert!(
        attention
            .begin(&BareJid::new("juliet@verona.example").unwrap())
            .is_some()
    );
    under_way.pop();
    assert!(attention.begin(&romeo()).is_some());
}
