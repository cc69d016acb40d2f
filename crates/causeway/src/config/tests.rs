use super::*;

const GOOD: &str = r#"
data_dir = "/var/lib/causeway"
[xmpp]
server = "127.0.0.1"
[component.email]
secret = "s3cret"
[email]
domain = "mail.example.org"
home_domain = "example.org"
[email.send.smarthost]
host = "127.0.0.1"
"#;

fn wrong(text: &str) -> String {
    match Config::parse(text, Path::new("bridge.toml")) {
        Ok(_) => panic!("this configuration must not pass: {text}"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn a_small_configuration_is_enough() {
    let config = Config::parse(GOOD, Path::new("bridge.toml"))
        .map_err(|e| e.to_string())
        .unwrap();
    assert_eq!(config.policy.allow, ["example.org"]);
    assert_eq!(config.terms, Terms::default());
}

#[test]
fn a_wrong_key_is_named_with_its_line_and_the_nearest_right_one() {
    let said = wrong(&GOOD.replace("home_domain", "home_domian"));
    assert!(
        said.starts_with("bridge.toml:9:1: unknown field `home_domian`"),
        "{said}"
    );
    assert!(said.contains("did you mean `home_domain`?"), "{said}");
}

#[test]
fn a_secret_never_stands_in_an_error() {
    let said = wrong(&GOOD.replace("secret = \"s3cret\"", "secert = \"s3cret\""));
    assert!(said.contains("did you mean `secret`?"), "{said}");
    let said = wrong(&GOOD.replace("secret = \"s3cret\"", "secret = [\"s3cret\"]"));
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn an_admin_is_a_person_who_may_use_the_gateway() {
    let with = |admin: &str| format!("{GOOD}\n[policy]\nadmins = [\"{admin}\"]\n");
    let config = Config::parse(&with("Nurse@example.org"), Path::new("bridge.toml"));
    let admins = config.map_err(|e| e.to_string()).unwrap().admins;
    assert_eq!(admins, [BareJid::new("nurse@example.org").unwrap()]);
    assert!(wrong(&with("example.org")).contains("is not the JID of a person"));
    assert!(wrong(&with("nurse@mantua.example")).contains("may not use the gateway"));
}

#[test]
fn a_span_is_written_as_people_write_it() {
    assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
    assert_eq!(parse_duration("7d"), Ok(Duration::from_secs(7 * 24 * 3600)));
    assert!(parse_duration("soon").is_err() && parse_duration("-1h").is_err() && parse_duration("0s").is_err());
    let said = wrong(&format!("{GOOD}\n[delivery]\nlifetime = \"soon\"\n"));
    assert!(
        said.starts_with("bridge.toml:14:12: “soon” is not a span of time"),
        "{said}"
    );
}

#[test]
fn a_rule_is_compared_in_its_normal_form() {
    let text = format!("{GOOD}\n[policy]\nallow = [\"Example.ORG\"]\ndeny = [\"Tybalt@Example.org\"]\n");
    let config = Config::parse(&text, Path::new("bridge.toml"))
        .map_err(|e| e.to_string())
        .unwrap();
    assert_eq!(config.policy.allow, ["example.org"]);
    assert_eq!(config.policy.deny, ["tybalt@example.org"]);
    let said = wrong(&format!("{GOOD}\n[policy]\ndeny = [\"not a jid at all!\"]\n"));
    assert!(said.contains("policy.deny: “not a jid at all!”"), "{said}");
}

#[test]
fn a_network_without_its_component_is_refused() {
    let said = wrong(&GOOD.replace("[component.email]\nsecret = \"s3cret\"\n", ""));
    assert!(said.contains("[email] needs [component.email]"), "{said}");
}

const EXAMPLE: &str = include_str!("../../../../bridge.toml.example");

/// The example with all commented settings switched on, one section at a time being the one that is asked for.
fn sections() -> Vec<(String, Vec<String>)> {
    let mut found = vec![(String::new(), Vec::new())];
    for line in EXAMPLE.lines() {
        let bare = line.trim_start_matches("# ");
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push((name.to_owned(), Vec::new()));
        } else if let Some((key, _)) = bare.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            found.last_mut().unwrap().1.push(key.to_owned());
        }
    }
    found
}

#[test]
fn the_example_is_a_valid_configuration() {
    Config::parse(EXAMPLE, Path::new("bridge.toml.example"))
        .map_err(|e| e.to_string())
        .unwrap();
}

#[test]
fn the_example_has_every_key_and_no_other() {
    for (section, keys) in sections() {
        let header = if section.is_empty() {
            String::new()
        } else {
            format!("[{section}]\n")
        };
        let said = wrong(&format!("{header}zzz = 1\n"));
        let mut known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        // A section is no key.
        known.retain(|name| {
            let path = if section.is_empty() {
                (*name).to_owned()
            } else {
                format!("{section}.{name}")
            };
            !sections()
                .iter()
                .any(|(other, _)| *other == path || other.starts_with(&format!("{path}.")))
        });
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        known.sort_unstable();
        assert_eq!(keys, known, "[{section}]: {said}");
    }
}
