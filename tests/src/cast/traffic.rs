//! Traffic both ways in rounds, in the middle of each of which something happens to the gateway; and the book-keeping
//! about what became of it.

use crate::cast::mail::{Letter, Mail};
use crate::cast::scene::Scene;
use crate::cast::xml::Element;
use crate::cast::xmpp::{XmppClient, is_words};
use crate::patience::{LATER, until};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Lines and mails in each round.
pub const BURST: usize = 25;

/// What was said between Romeo and Juliet.
#[derive(Debug, Default)]
pub struct Traffic {
    /// The rounds that were played.
    pub rounds: Vec<Round>,
    /// What Romeo heard.
    pub heard: Vec<Element>,
}

/// What was said in one round.
#[derive(Debug)]
pub struct Round {
    /// Romeo's chat lines with their stanza ids.
    pub lines: Vec<(String, String)>,
    /// Juliet's mails, which Postfix took.
    pub mails: Vec<String>,
    /// After which line the gateway was cut off.
    pub cut_after: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Traffic {
    /// Plays one more round; `cut` does something to the gateway in the middle of it, after which it must run.
    pub fn play(
        &mut self,
        scene: &mut Scene,
        romeo: &mut XmppClient,
        cut: impl FnOnce(&mut Scene) -> Result<()>,
    ) -> Result<()> {
        let round = self.rounds.len();
        let contact = scene.contact(&scene.address("juliet"));
        let cut_after = usize::try_from(random(BURST as u64)?)?;
        let (mut lines, mut mails, mut cut) = (Vec::new(), Vec::new(), Some(cut));
        for number in 0..BURST {
            let words = format!("chat {round} {number}.");
            let id = romeo.say(&contact, &words)?;
            lines.push((words, id));
            let words = format!("mail {round} {number}.");
            scene.mail("juliet", &Letter::to(&scene.puppet("romeo")).text(&words))?;
            mails.push(words);
            if let Some(cut) = cut.take_if(|_| number == cut_after) {
                std::thread::sleep(Duration::from_millis(random(30)?));
                cut(scene)?;
            }
        }
        scene.wait_for_link()?;
        // Through Romeo's own stream, so that the server has passed on all his lines.
        romeo.ask("get", &scene.domain, "<ping xmlns='urn:xmpp:ping'/>")?;
        self.rounds.push(Round {
            lines,
            mails,
            cut_after,
        });
        Ok(())
    }

    /// All of Romeo's lines with their stanza ids, in order.
    pub fn lines(&self) -> Vec<&(String, String)> {
        self.rounds.iter().flat_map(|round| &round.lines).collect()
    }

    /// Waits until Romeo has heard every mail of Juliet's, as long as they keep coming: Postfix takes its time with mails
    /// that it could not deliver at once. Copies bear one id.
    pub fn hear_all(&mut self, scene: &Scene, romeo: &mut XmppClient) -> Result<()> {
        let contact = scene.contact(&scene.address("juliet"));
        let mut missing: BTreeSet<&String> = self.rounds.iter().flat_map(|round| &round.mails).collect();
        while !missing.is_empty() {
            let (before, heard) = (missing.len(), &mut self.heard);
            let came = until("the next mail in Romeo's chat", LATER, || {
                let news = romeo.drain(Duration::from_millis(300))?;
                for words in news.iter().filter(|it| is_words(it, &contact)).map(first_line) {
                    missing.remove(&words);
                }
                heard.extend(news);
                Ok((missing.len() < before).then_some(()))
            });
            came.with_context(|| format!("missing: {missing:?}"))?;
        }
        copies_bear_one_id(self.copies_heard(&contact))
    }

    /// The mails that Romeo heard, with their stanza ids, as often as they came.
    pub fn copies_heard(&self, contact: &str) -> impl Iterator<Item = (String, String)> {
        let said = self.heard.iter().filter(move |it| is_words(it, contact));
        said.map(|it| (first_line(it), it.attr("id").to_owned()))
    }

    /// Whether Romeo got this line back with an error.
    pub fn came_back(&self, id: &str) -> bool {
        self.heard
            .iter()
            .any(|it| it.attr("type") == "error" && it.attr("id") == id)
    }

    /// The words of Romeo's lines that the ledger knows.
    pub fn in_the_ledger(&self, scene: &Scene) -> Result<BTreeSet<String>> {
        let limit = (4 * self.rounds.len() * BURST).to_string();
        let answer = scene
            .gateway
            .ask_json(&["trace", "--words", "-n", &limit, &scene.address("juliet")])?;
        let timelines = answer
            .get("timelines")
            .and_then(|it| it.as_array())
            .context("no timelines")?;
        let words = timelines.iter().filter_map(|it| it.get("words")?.as_str());
        Ok(words
            .filter(|words| words.starts_with("chat "))
            .map(str::to_owned)
            .collect())
    }
}

/// Waits until all these lines are in Juliet's mailbox; gives what is there, each with its Message-ID. Copies bear one id.
pub fn all_in_the_mailbox(scene: &Scene, known: &BTreeSet<String>) -> Result<Vec<(String, String)>> {
    let mut juliet = scene.mailbox("juliet")?;
    let mut mails: Vec<(String, String)> = Vec::new();
    until("every line of the ledger in Juliet's mailbox", LATER, || {
        let from_romeo = |mail: &Mail| mail.from().1 == scene.puppet("romeo");
        let all = juliet.mails()?;
        let all = all.iter().filter(|mail| from_romeo(mail));
        mails = all
            .map(|mail| (mail.text().trim().to_owned(), mail.field("Message-ID")))
            .collect();
        let there: BTreeSet<&String> = mails.iter().map(|(words, _)| words).collect();
        Ok(known.iter().all(|words| there.contains(words)).then_some(()))
    })?;
    copies_bear_one_id(mails.iter().cloned())?;
    Ok(mails)
}

/// What is there more than once.
pub fn doubled(said: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    said.map(|(words, _)| words)
        .filter(|words| !seen.insert(words.clone()))
        .collect()
}

fn copies_bear_one_id(said: impl Iterator<Item = (String, String)>) -> Result<()> {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (words, id) in said {
        let first = ids.entry(words.clone()).or_insert_with(|| id.clone());
        ensure!(*first == id, "{words} came as {first} and as {id}");
    }
    Ok(())
}

fn first_line(it: &Element) -> String {
    it.text_of("body").lines().next().unwrap_or_default().to_owned()
}

/// A number below `bound` that nobody can foresee.
fn random(bound: u64) -> Result<u64> {
    let word = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let digits = word.get(..8).context("no word")?;
    Ok(u64::from_str_radix(digits, 16)? % bound)
}
