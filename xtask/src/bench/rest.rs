//! The gateway at rest and at its start: memory, and the time until the first line is through, with an empty store and
//! with a large one.

use crate::bench::course::{Course, Sent, Token};
use crate::bench::floors::Floors;
use crate::bench::gateway::{DOMAIN, Ends, Gateway, Memory};
use crate::bench::growth;
use crate::bench::people::{Pace, contact, fresh_run, mails, words};
use crate::bench::sink::{Manner, Sink};
use crate::bench::standin::{StandIn, message};
use crate::bench::stopwatch::{ms, now, rate};
use crate::bench::table::{Figure, Table};
use crate::bench::{PATIENCE, Stage};
use anyhow::{Context, Result};
use causeway_tests::patience::{LATER, until};
use std::thread;
use std::time::{Duration, Instant};

/// The moments of a start, from the start of the process.
struct Start {
    linked: Duration,
    chat: Duration,
    mail: Duration,
}

/// A gateway between a stand-in for the XMPP server and a mail server.
struct Between {
    gateway: Gateway,
    standin: StandIn,
    sink: Sink,
}

// ---------------------------------------------------------------------------------------------------------------------

/// An empty store.
pub(crate) fn at_rest(stage: &Stage, _: &Floors, table: &mut Table) -> Result<()> {
    let mut between = Between::new(stage, "rest")?;
    let start = stage.lights.step("starting with an empty store", || between.start())?;
    start.tell("empty store", Duration::from_millis(500), table);
    let memory = stage.lights.step("resting", || between.rest())?;
    let figure = Figure::new("memory at rest, empty store", format!("{:.1} MiB", memory.resident));
    table.push(figure.aim("25 MiB", memory.resident <= 25.0));
    Ok(())
}

/// A store with very many messages that wait and very many contacts.
pub(crate) fn large(stage: &Stage, _: &Floors, table: &mut Table) -> Result<()> {
    let mut between = Between::new(stage, "large")?;
    let (held, contacts) = (stage.size.held, stage.size.contacts);
    let title = format!("filling the store with {held} messages");
    stage
        .lights
        .step(&title, || growth::fill(&between.gateway.data(), held, table))?;
    let start = stage.lights.step("starting with it", || between.start())?;
    start.tell(
        &format!("{held} messages wait, first start"),
        Duration::from_secs(5),
        table,
    );
    stage.lights.step(&format!("adding {contacts} contacts"), || {
        between.subscribe(contacts, table)
    })?;
    between.gateway.stop()?;
    let start = stage.lights.step("starting again", || between.start())?;
    start.tell(
        &format!("{held} messages wait, {contacts} contacts"),
        Duration::from_secs(5),
        table,
    );
    let told = between.standin.presences();
    let memory = stage.lights.step("resting", || between.rest())?;
    let words = format!("{:.0} MiB, at most {:.0} MiB", memory.resident, memory.peak);
    let figure = Figure::new(&format!("memory with {held} messages and {contacts} contacts"), words);
    table.push(figure.aim("200 MiB", memory.peak <= 200.0));
    let words = format!("{:.0} MiB", between.gateway.disk()?);
    table.push(Figure::new("the store on disk", words));
    println!("    {told} presences had gone out when the first line was through");
    between.gateway.clear()
}

impl Between {
    fn new(stage: &Stage, place: &str) -> Result<Self> {
        let (standin, sink) = (StandIn::open()?, Sink::open(Manner::Serving)?);
        let ends = Ends {
            component: standin.port,
            smarthost: sink.port,
        };
        Ok(Self {
            gateway: Gateway::new(&stage.ground, place, ends)?,
            standin,
            sink,
        })
    }

    /// Starts the gateway and sends one line each way as soon as it takes one.
    fn start(&mut self) -> Result<Start> {
        let run = [fresh_run(), fresh_run()];
        let [mail, chat] = run.map(|run| Token {
            run,
            conversation: run + 5_000_000,
            number: 0,
        });
        let begin = now();
        self.gateway.spawn()?;
        let (door, to) = (self.gateway.lmtp(), format!("romeo@{DOMAIN}"));
        let writer = thread::spawn(move || -> Result<()> {
            until("the door for mails", LATER, || {
                let sent = mails(door, true, &to, vec![mail], 1, Pace::Burst);
                Ok(sent.ok().map(|_| ()))
            })
        });
        let linked = self.standin.linked()?;
        let stanza = message(
            "romeo@xmpp.test",
            &contact(chat.conversation),
            &chat.to_string(),
            &words(chat),
        );
        self.standin.send(&stanza)?;
        writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        Ok(Start {
            linked: linked.saturating_duration_since(begin),
            chat: arrival(&self.standin.course, mail, begin)?,
            mail: arrival(&self.sink.course, chat, begin)?,
        })
    }

    /// Waits until nothing moves any more.
    fn rest(&self) -> Result<Memory> {
        let mut before = usize::MAX;
        until("all presences to be said", LATER * 5, || {
            thread::sleep(Duration::from_millis(500));
            let said = self.standin.presences();
            Ok((std::mem::replace(&mut before, said) == said).then_some(()))
        })?;
        thread::sleep(Duration::from_secs(2));
        self.gateway.memory()
    }

    /// Each user asks to see a hundred contacts.
    fn subscribe(&self, count: u32, table: &mut Table) -> Result<()> {
        let (begin, before) = (now(), self.standin.presences());
        for n in 0..count {
            let (user, contact) = (format!("user{}@xmpp.test", n / 100), contact(n));
            self.standin
                .send(&format!("<presence from='{user}' to='{contact}' type='subscribe'/>"))?;
        }
        let wanted = before + usize::try_from(count)? * 2;
        until("all subscriptions", LATER * 5, || {
            Ok((self.standin.presences() >= wanted).then_some(()))
        })?;
        let speed = rate(usize::try_from(count)?, now().saturating_duration_since(begin));
        table.push(Figure::new("subscriptions taken", format!("{speed:.0}/s")));
        Ok(())
    }
}

impl Start {
    fn tell(&self, title: &str, aim: Duration, table: &mut Table) {
        let words = format!("link after {:.0} ms", ms(self.linked));
        table.push(Figure::new(&format!("{title}: start"), words));
        for (what, span) in [("mail to chat", self.chat), ("chat to mail", self.mail)] {
            let figure = Figure::new(
                &format!("{title}: first line through, {what}"),
                format!("{:.0} ms", ms(span)),
            );
            table.push(figure.aim(&format!("{:.1} s", aim.as_secs_f64()), span <= aim));
        }
    }
}

fn arrival(course: &Course, token: Token, begin: Instant) -> Result<Duration> {
    let mut sent = Sent::default();
    sent.note_at(token, begin);
    let shown = course.judge(&sent, PATIENCE)?;
    let spans = Some(shown.spans).filter(|_| shown.came > 0);
    Ok(spans.context("the first line did not come")?.p50())
}
