//! `docs/FEATURES.md` tells the truth: every test that it names exists, and no number of the contract is left out.
#![allow(clippy::unwrap_used, reason = "all of it is a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The numbers of the contract that do not need rooms.
const CONTRACT: &[u32] = &[1, 3, 4, 5, 10, 11, 12, 13, 32, 39, 40, 41, 42, 50, 51, 52, 53, 54, 55];

/// The rows of the feature table that a first release must answer for, as letters and numbers from … to.
const ROWS: &[(char, u32, u32)] = &[
    ('A', 7, 11),
    ('A', 13, 17),
    ('B', 1, 10),
    ('B', 13, 13),
    ('C', 1, 13),
    ('C', 15, 15),
    ('D', 1, 19),
    ('D', 24, 24),
    ('D', 28, 29),
];

/// One row of a table.
struct Row {
    /// Its first cell.
    name: String,
    /// The tests that show it.
    tests: Vec<String>,
    /// The servers that it names.
    servers: Vec<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn every_test_that_is_named_exists() {
    let named: Vec<String> = rows().into_iter().flat_map(|row| row.tests).collect();
    assert!(named.len() > 100, "{} tests are named", named.len());
    let missing: Vec<&String> = named.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "named and not there: {missing:#?}");
}

#[test]
fn no_row_is_left_out() {
    let there: BTreeSet<String> = rows().into_iter().map(|row| row.name).collect();
    let contract = CONTRACT.iter().map(|number| format!("C-{number:02}"));
    let table = ROWS
        .iter()
        .flat_map(|(letter, from, to)| (*from..=*to).map(move |number| format!("{letter}{number}")));
    let missing: Vec<String> = contract.chain(table).filter(|name| !there.contains(name)).collect();
    assert!(missing.is_empty(), "not answered for: {missing:?}");
}

#[test]
fn servers_that_are_named_are_used() {
    let mut wrong = Vec::new();
    for row in rows() {
        let used: BTreeSet<&str> = row.tests.iter().flat_map(|test| servers_of(test)).collect();
        let unused = row.servers.iter().filter(|server| !used.contains(server.as_str()));
        wrong.extend(unused.map(|server| format!("{} does not use {server}", row.name)));
        if row.servers.is_empty() && !used.is_empty() {
            wrong.push(format!("{} names no server and uses {used:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "not so: {wrong:#?}");
}

#[test]
fn every_scenario_is_played() {
    let played = read("tests/scenarios/main.rs").unwrap();
    let idle: Vec<String> = fs::read_dir(root().join("tests/scenarios"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name != "main" && !played.contains(&format!("mod {name};")))
        .collect();
    assert!(idle.is_empty(), "not in tests/scenarios/main.rs: {idle:?}");
}

// ---------------------------------------------------------------------------------------------------------------------

/// All rows of all tables, without their heads.
fn rows() -> Vec<Row> {
    let page = read("docs/FEATURES.md").unwrap();
    let mut below = page.lines().skip(1);
    let is_head = |below: Option<&str>| below.is_some_and(|line| line.starts_with("|---"));
    page.lines()
        .filter(|line| !is_head(below.next()) && line.starts_with("| "))
        .map(Row::read)
        .collect()
}

impl Row {
    /// The tests stand in backticks in the cell before the last, the servers in the last one.
    fn read(line: &str) -> Self {
        let mut cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (servers, tests) = (cells.pop().unwrap(), cells.pop().unwrap());
        let name = *cells.first().unwrap();
        let servers = servers.split(", ").filter(|server| *server != "–");
        Self {
            name: name.to_owned(),
            tests: tests.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            servers: servers.map(str::to_owned).collect(),
        }
    }
}

/// The file that a name means, and the test in it; the whole file without one.
fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once("::")
        .map_or((name, None), |(file, test)| (file, Some(test)))
}

fn exists(name: &str) -> bool {
    let (file, test) = split(name);
    let Some(text) = text_of(file) else {
        return false;
    };
    match (file.starts_with("scenarios/"), test) {
        (true, None) => true,
        (true, Some("on_prosody" | "on_ejabberd")) => text.contains("on_both_servers!();"),
        (_, Some(test)) => text.contains(&format!("fn {test}(")) || text.contains(&format!("fn {test}<")),
        (false, None) => false,
    }
}

/// The servers that a scenario uses; none for other tests.
fn servers_of(name: &str) -> Vec<&'static str> {
    let (file, test) = split(name);
    let Some(text) = text_of(file).filter(|_| file.starts_with("scenarios/")) else {
        return Vec::new();
    };
    let only = |server: &str| test.is_none_or(|test| !test.starts_with("with_leave_on_") || test.ends_with(server));
    let on_both = text.contains("on_both_servers!();") && test.is_none();
    let prosody = on_both || (text.contains("Kind::Prosody") && only("prosody"));
    let ejabberd = on_both || (text.contains("Kind::Ejabberd") && only("ejabberd"));
    let made_up = text.contains("Prompter::open()");
    let all = [(prosody, "Prosody"), (ejabberd, "ejabberd"), (made_up, "made up")];
    all.into_iter()
        .filter(|(is_used, _)| *is_used)
        .map(|(_, server)| server)
        .collect()
}

fn text_of(file: &str) -> Option<String> {
    if file.starts_with("scenarios/") {
        return read(&format!("tests/{file}.rs"));
    }
    let (package, inside) = file.split_once('/')?;
    let base = format!("crates/{package}/src/{inside}");
    let both = [format!("{base}.rs"), format!("{base}/tests.rs")].map(|path| read(&path));
    let text: String = both.into_iter().flatten().collect();
    (!text.is_empty()).then_some(text)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
