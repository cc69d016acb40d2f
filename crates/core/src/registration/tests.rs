use super::*;

fn values(pairs: &[(&str, &str)]) -> Values {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn a_form_that_comes_back_as_it_was_sent_changes_nothing() {
    let settings = Settings {
        name: Line::clean("Romeo Montague"),
        language: Some(Language::De),
        strangers: Strangers::Ask,
        delays: false,
        roster: true,
    };
    for language in Language::ALL {
        let fields = settings.fields(language);
        let filled = fields
            .into_iter()
            .filter_map(|field| Some((field.name.to_owned(), field.value?)));
        assert_eq!(settings.clone().with(&filled.collect()), Ok(settings.clone()));
    }
}

#[test]
fn what_is_filled_in_counts_and_what_is_missing_stays() {
    let settings = Settings {
        strangers: Strangers::Refuse,
        ..Settings::default()
    };
    let changed = settings
        .with(&values(&[
            ("language", "de"),
            ("delays", "0"),
            ("name", " Romeo\nMontague "),
        ]))
        .unwrap();
    assert_eq!(changed.language, Some(Language::De));
    assert_eq!(changed.name, Line::clean("Romeo Montague"));
    assert!(!changed.delays && changed.roster);
    assert_eq!(changed.strangers, Strangers::Refuse);
    let emptied = changed.with(&values(&[("language", "auto"), ("name", "")])).unwrap();
    assert_eq!((emptied.language, emptied.name), (None, None));
}

#[test]
fn a_value_that_is_none_of_the_choices_is_refused() {
    for (name, value) in [
        ("strangers", "hug"),
        ("language", "tlh"),
        ("delays", "maybe"),
        ("roster", ""),
    ] {
        let refused = Settings::default().with(&values(&[(name, value)])).unwrap_err();
        assert_eq!(refused.kind, FaultKind::BadContent, "{name}");
    }
}

#[test]
fn a_row_of_an_earlier_version_is_read() {
    let row = br#"{"since":5,"settings":{"strangers":"ask"}}"#;
    let settings = Registration::read(row).unwrap().settings;
    assert_eq!(settings.strangers, Strangers::Ask);
    assert!(settings.roster && settings.name.is_none());
}
