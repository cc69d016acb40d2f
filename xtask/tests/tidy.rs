//! The house rules that a machine can see.
#![allow(clippy::unwrap_used, reason = "all of it is a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which crates each crate may import, development dependencies included.
const IMPORTS: &[(&str, &[&str])] = &[
    ("crates/core", &[]),
    ("crates/store", &["causeway-core"]),
    ("crates/xmpp", &["causeway-core"]),
    ("crates/email", &["causeway-core"]),
    ("crates/loopback", &["causeway-core"]),
    (
        "crates/causeway",
        &[
            "causeway-core",
            "causeway-store",
            "causeway-xmpp",
            "causeway-email",
            "causeway-loopback",
        ],
    ),
    ("tests", &["causeway", "causeway-core"]),
    ("xtask", &["causeway-tests"]),
];

/// Names that say nothing of what is inside.
const DRAWERS: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "tools", "manager", "types", "prelude",
];

/// Calls that have one door each, as words that stand together on a line, and the files that are the doors. Clippy knows
/// them too, but an `allow` silences clippy.
const DOORS: &[(&[&str], &[&str])] = &[
    (&["tokio::spawn"], &["crates/causeway/src/supervise.rs"]),
    (&["task::spawn("], &["crates/causeway/src/supervise.rs"]),
    (&["spawn_blocking"], &["crates/causeway/src/supervise.rs"]),
    (&["SystemTime::now"], &["crates/causeway/src/clock.rs"]),
    (
        &["std::time", "Instant"],
        &["crates/causeway/src/clock.rs", "tests/src/patience.rs"],
    ),
    (&["unbounded_channel"], &[]),
    (&["Accepted::sealed_by_the_store("], &["crates/store/src/"]),
    (&["Parcel::sealed_by_the_store("], &["crates/store/src/"]),
];

/// Words of the networks beyond, and the places that must do without them.
const NETWORK_WORDS: &[&str] = &["email", "smtp", "imap", "lmtp", "matrix"];
const WITHOUT_NETWORKS: &[&str] = &[
    "crates/core/src",
    "crates/store/src",
    "crates/xmpp/src",
    "crates/causeway/src/engine",
];

// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn each_file_opens_with_its_purpose() {
    check(|file| {
        let first = file.text.lines().next().unwrap_or_default();
        let says_it_by_its_name = file.name.ends_with("/tests.rs");
        let silent = !says_it_by_its_name && (!first.starts_with("//! ") || first.len() < 12);
        silent.then(|| "does not open with `//! ` and a sentence".to_owned())
    });
}

#[test]
fn no_mod_rs_and_no_drawer() {
    check(|file| {
        let stem = file.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        match stem {
            "mod" => Some("is a mod.rs: use x.rs beside x/".to_owned()),
            stem if DRAWERS.contains(&stem) => Some(format!("is a drawer: “{stem}” says nothing of what is inside")),
            _ => None,
        }
    });
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_to_do() {
    let marks = [
        concat!("#[ig", "nore"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    check(|file| {
        marks
            .iter()
            .find(|mark| file.text.contains(**mark))
            .map(|mark| format!("contains {mark}"))
    });
}

#[test]
fn each_door_is_the_only_one() {
    check(|file| {
        let shipped = file.name.starts_with("crates/") && !file.is_test();
        if !shipped && !file.name.starts_with("tests/src/") {
            return None;
        }
        let code = file.code();
        let called = |words: &[&str]| code.lines().any(|line| words.iter().all(|word| line.contains(word)));
        let allowed = |doors: &[&str]| doors.iter().any(|door| file.name.starts_with(door));
        let (words, _) = DOORS.iter().find(|(words, doors)| called(words) && !allowed(doors))?;
        Some(format!("uses {}, which has a door elsewhere", words.join(" … ")))
    });
}

#[test]
fn no_name_of_a_network_where_none_belongs() {
    check(|file| {
        if !WITHOUT_NETWORKS.iter().any(|place| file.name.starts_with(place)) || file.is_test() {
            return None;
        }
        let code = file.code().to_lowercase();
        let mut words = code.split(|c: char| !c.is_ascii_alphanumeric());
        words
            .find(|word| NETWORK_WORDS.contains(word))
            .map(|word| format!("names a network: {word}"))
    });
}

#[test]
fn imports_go_one_way() {
    let members = |place: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join(place)).unwrap();
        let names = entries.map(|entry| format!("{place}/{}", entry.unwrap().file_name().to_string_lossy()));
        names.collect()
    };
    let mut known: BTreeSet<String> = IMPORTS.iter().map(|(place, _)| (*place).to_owned()).collect();
    for place in members("crates") {
        assert!(known.remove(&place), "{place} is not in the table of imports");
    }
    for (place, allowed) in IMPORTS {
        let manifest = fs::read_to_string(root().join(place).join("Cargo.toml")).unwrap();
        for imported in manifest.lines().filter_map(imported) {
            assert!(allowed.contains(&imported), "{place} may not import {imported}");
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in files("md") {
        let text = fs::read_to_string(&path).unwrap();
        for link in links(&text) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = match target {
                "" => path.clone(),
                target => path.parent().unwrap().join(target),
            };
            let found = file.exists() && (anchor.is_empty() || anchors(&file).contains(anchor));
            if !found {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere:\n{}", wrong.join("\n"));
}

// ---------------------------------------------------------------------------------------------------------------------

struct Source {
    path: PathBuf,
    name: String,
    text: String,
}

impl Source {
    /// Without comments; what stands behind `#[cfg(test)]` is left out too.
    fn code(&self) -> String {
        let shipped = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = shipped.lines().map(|line| match line.trim_start().starts_with("//") {
            true => "",
            false => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Whether it is built for tests and measurements only.
    fn is_test(&self) -> bool {
        let by_place = ["/tests.rs", "/tests/", "/benches/", "/examples/"];
        by_place.iter().any(|place| self.name.contains(place)) || self.is_declared_for_tests()
    }

    /// Whether the module above declares it behind `#[cfg(test)]`.
    fn is_declared_for_tests(&self) -> bool {
        let (Some(dir), Some(stem)) = (self.path.parent(), self.path.file_stem()) else {
            return false;
        };
        let declared = format!("mod {};", stem.to_string_lossy());
        let above = [dir.join("lib.rs"), dir.join("main.rs"), dir.with_extension("rs")];
        above
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok())
            .any(|text| {
                let mut pairs = text.lines().zip(text.lines().skip(1));
                pairs.any(|(one, next)| one.trim() == "#[cfg(test)]" && next.trim().ends_with(&declared))
            })
    }
}

/// Looks at every source file; all that is wrong is told at once.
fn check(wrong: impl Fn(&Source) -> Option<String>) {
    let found: Vec<String> = files("rs")
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let source = Source { path, name, text };
            wrong(&source).map(|why| format!("{} {why}", source.name))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files of the repository with this ending, without what is built.
fn files(ending: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    walk(&path, ending, found);
                }
            } else if path.extension().is_some_and(|it| it == ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), ending, &mut found);
    found.sort();
    found
}

/// The crate of ours that a line of a manifest imports.
fn imported(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(['.', '=', ' '])?;
    let ours = (name.starts_with("causeway-") || name == "causeway") && line.contains("workspace = true");
    ours.then_some(name)
}

/// Relative targets of inline links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let (link, _) = rest.split_once(')')?;
        let elsewhere = link.contains("://") || link.starts_with("mailto:") || link.starts_with("xmpp:");
        (!elsewhere && !link.contains(char::is_whitespace)).then_some(link)
    })
}

/// The anchors that headings make: lower case, blanks to hyphens, other signs dropped.
fn anchors(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let heading = |line: &str| {
        let title = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        Some(kept.collect::<String>().replace(' ', "-"))
    };
    text.lines().filter_map(heading).collect()
}
