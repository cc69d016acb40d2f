//! Whether anything grows faster than its input: the cost of one message when ten and a hundred times as many wait.

use crate::bench::accept::flood;
use crate::bench::course::{Sent, Token};
use crate::bench::floors::Floors;
use crate::bench::gateway::{Ends, Gateway};
use crate::bench::people::{contact, fresh_run, words};
use crate::bench::sink::{Manner, Sink};
use crate::bench::standin::{StandIn, message};
use crate::bench::stopwatch::{ms, now, rate, wall};
use crate::bench::table::{Figure, Table};
use crate::bench::{PATIENCE, Stage};
use crate::cargo::root;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Messages in a conversation of the large store.
const EACH: u32 = 10;

// ---------------------------------------------------------------------------------------------------------------------

/// Bursts of growing length, from chat to mail, to many and to one.
pub(crate) fn measure(stage: &Stage, _: &Floors, table: &mut Table) -> Result<()> {
    for (title, conversations, most) in [
        ("1,000 conversations", 1_000, stage.size.flood),
        ("one conversation", 1, stage.size.flood / 10),
    ] {
        for part in [100, 10, 1] {
            let count = most / part;
            let step = format!("a burst of {count} to {title}");
            let (span, cpu) = stage.lights.step(&step, || burst(stage, count, conversations))?;
            let words = format!("{:.2} ms, {:.2} ms of CPU", ms(span), ms(cpu));
            table.push(Figure::new(&format!("growth: one of {count} mails, {title}"), words));
        }
    }
    Ok(())
}

/// The time and the processor time for one message of a burst.
fn burst(stage: &Stage, count: u32, conversations: u32) -> Result<(Duration, Duration)> {
    let (standin, sink) = (StandIn::open()?, Sink::open(Manner::Serving)?);
    let ends = Ends {
        component: standin.port,
        smarthost: sink.port,
    };
    let mut gateway = Gateway::new(&stage.ground, &format!("burst-{count}-{conversations}"), ends)?;
    gateway.start()?;
    standin.linked()?;
    let (run, begin, cpu) = (fresh_run(), now(), gateway.cpu()?);
    match conversations {
        1 => {
            for token in Token::deal(run, count, 1) {
                let id = token.to_string();
                standin.send(&message("romeo@xmpp.test", &contact(0), &id, &words(token)))?;
            }
        }
        _ => flood(&standin, run, count)?,
    }
    let mut sent = Sent::default();
    Token::deal(run, count, conversations).for_each(|token| sent.note_at(token, begin));
    let shown = sink.course.judge(&sent, PATIENCE)?;
    ensure!(shown.trouble().is_empty(), "{} sent{}", shown.sent, shown.trouble());
    let cpu = gateway.cpu()?.saturating_sub(cpu);
    gateway.clear()?;
    Ok((shown.whole / count, cpu / count))
}

/// Fills the store in `dir`, and tells the cost of a message on the way.
pub(crate) fn fill(dir: &Path, messages: u32, table: &mut Table) -> Result<()> {
    let mut child = Command::new(root()?.join("target/release/examples/fill"))
        .arg(dir)
        .args([
            messages.to_string(),
            EACH.to_string(),
            wall().to_string(),
            "xmpp.test".to_owned(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("fill")?;
    let lines = BufReader::new(child.stdout.take().context("no pipe")?).lines();
    let mut begun = None;
    for line in lines {
        let (line, at) = (line?, now());
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["begin", what, queue, count] => {
                begun = Some(((*what).to_owned(), (*queue).to_owned(), count.parse::<usize>()?, at))
            }
            ["end", rest @ ..] => {
                let (what, queue, count, begin) = begun.take().context("an end without a begin")?;
                let count = rest.first().map_or(Ok(count), |count| count.parse())?;
                let span = at.saturating_duration_since(begin);
                if count > 0 {
                    let each = span / u32::try_from(count)?;
                    let words = format!("{:.0} µs, {:.0}/s", ms(each) * 1_000.0, rate(count, span));
                    table.push(Figure::new(
                        &format!("growth: to {what} one when {queue} wait (store alone)"),
                        words,
                    ));
                }
            }
            ["at", count] if count.ends_with("00000") => println!("    {count} messages are there"),
            _ => {}
        }
    }
    ensure!(child.wait()?.success(), "fill failed");
    Ok(())
}
