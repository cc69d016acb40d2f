//! How fast messages are written down for good while nothing leaves: the mail server takes connections and says nothing.

use crate::bench::course::Token;
use crate::bench::floors::{Floors, spans};
use crate::bench::gateway::{DOMAIN, Ends, Gateway};
use crate::bench::people::{Pace, User, contact, fresh_run, mails, words};
use crate::bench::sink::{Manner, Sink};
use crate::bench::standin::{StandIn, message};
use crate::bench::stopwatch::{ms, now, rate};
use crate::bench::table::{Figure, Table};
use crate::bench::{PATIENCE, Stage};
use anyhow::{Result, bail};
use std::thread;
use std::time::{Duration, Instant};

/// The aim.
const ACCEPTS: f64 = 2_000.0;

/// How long after the beginning how many messages were accepted.
type Curve = Vec<(Duration, usize)>;

// ---------------------------------------------------------------------------------------------------------------------

/// Through the server, over the bare link, and by LMTP.
pub(crate) fn measure(stage: &Stage, floors: &Floors, table: &mut Table) -> Result<()> {
    let silent = Sink::open(Manner::Silent)?;
    stage.lights.step("accepting through Prosody", || {
        through_server(stage, floors, &silent, table)
    })?;
    stage
        .lights
        .step("accepting over the bare link", || bare(stage, floors, &silent, table))?;
    stage.lights.step("accepting by LMTP", || lmtp(stage, &silent, table))
}

fn through_server(stage: &Stage, floors: &Floors, silent: &Sink, table: &mut Table) -> Result<()> {
    let ends = Ends {
        component: stage.xmpp.component_port(DOMAIN)?,
        smarthost: silent.port,
    };
    let mut gateway = Gateway::new(&stage.ground, "accept", ends)?;
    gateway.start()?;
    let mut romeo = User::new(&stage.xmpp)?;
    romeo.wait_for(DOMAIN)?;
    let (count, begin) = (stage.size.burst, now());
    let tokens = Token::deal(fresh_run(), count, 1_000);
    let watch = thread::spawn(move || -> Result<Curve> { watched(&gateway, usize::try_from(count)?, begin) });
    romeo.say(tokens, Pace::Burst, |token| contact(token.conversation))?;
    let curve = watch.join().map_err(|_| anyhow::anyhow!("the watcher panicked"))??;
    let speed = speed(&curve);
    let figure = Figure::new(
        "accepted durably from one link, through Prosody",
        format!("{speed:.0}/s"),
    )
    .against(format!(
        "{:.0}/s echo, {:.2}×",
        floors.echo_rate,
        speed / floors.echo_rate
    ))
    .aim("2,000/s", speed >= ACCEPTS);
    table.push(figure);
    romeo.no_errors()
}

fn bare(stage: &Stage, floors: &Floors, silent: &Sink, table: &mut Table) -> Result<()> {
    let standin = StandIn::open()?;
    let ends = Ends {
        component: standin.port,
        smarthost: silent.port,
    };
    let mut gateway = Gateway::new(&stage.ground, "bare", ends)?;
    gateway.start()?;
    standin.linked()?;
    let (count, cpu, begin) = (stage.size.flood, gateway.cpu()?, now());
    let run = fresh_run();
    let (curve, cpu) = thread::scope(|scope| -> Result<(Curve, Duration)> {
        let sender = scope.spawn(|| flood(&standin, run, count));
        let curve = watched(&gateway, usize::try_from(count)?, begin)?;
        sender.join().map_err(|_| anyhow::anyhow!("the sender panicked"))??;
        Ok((curve, gateway.cpu()?.saturating_sub(cpu)))
    })?;
    let speed = speed(&curve);
    let figure = Figure::new(
        "accepted durably from one link, no server before it",
        format!("{speed:.0}/s"),
    )
    .against(format!(
        "{:.0}/s echo, {:.2}×",
        floors.echo_rate,
        speed / floors.echo_rate
    ))
    .aim("2,000/s", speed >= ACCEPTS);
    table.push(figure);
    let each = cpu / count;
    table.push(Figure::new(
        "CPU for one accepted message",
        format!("{:.2} ms", ms(each)),
    ));
    for part in [100, 10, 1] {
        let upto = usize::try_from(count)? / part;
        if let Some(speed) = speed_at(&curve, upto) {
            table.push(Figure::new(
                &format!("growth: accepting when {upto} wait"),
                format!("{speed:.0}/s"),
            ));
        }
    }
    standin.no_errors()
}

fn lmtp(stage: &Stage, silent: &Sink, table: &mut Table) -> Result<()> {
    let standin = StandIn::open()?;
    let ends = Ends {
        component: standin.port,
        smarthost: silent.port,
    };
    let mut gateway = Gateway::new(&stage.ground, "lmtp", ends)?;
    gateway.start()?;
    let tokens = Token::deal(fresh_run(), stage.size.burst, 1_000).collect();
    let (sent, acknowledged) = mails(
        gateway.lmtp(),
        true,
        &format!("romeo@{DOMAIN}"),
        tokens,
        20,
        Pace::Burst,
    )?;
    let shown = acknowledged.judge(&sent, PATIENCE)?;
    let figure = Figure::new("LMTP: 250 over 20 connections", format!("{:.0}/s", shown.rate()));
    table.push(figure.against(spans(&shown.spans)));
    let tokens = Token::deal(fresh_run(), stage.size.gentle, 1).collect();
    let (sent, acknowledged) = mails(gateway.lmtp(), true, &format!("romeo@{DOMAIN}"), tokens, 1, Pace::Burst)?;
    let shown = acknowledged.judge(&sent, PATIENCE)?;
    let figure = Figure::new("LMTP: from MAIL to 250, one connection", spans(&shown.spans));
    table.push(figure.aim("p99 20 ms", ms(shown.spans.p99()) <= 20.0));
    gateway.stop()
}

/// Sends messages to a thousand contacts as fast as the gateway takes them.
pub(crate) fn flood(standin: &StandIn, run: u32, count: u32) -> Result<()> {
    let tokens: Vec<Token> = Token::deal(run, count, 1_000).collect();
    for some in tokens.chunks(64) {
        let stanzas = some.iter().map(|token| {
            let id = token.to_string();
            message("romeo@xmpp.test", &contact(token.conversation), &id, &words(*token))
        });
        standin.send(&stanzas.collect::<String>())?;
    }
    Ok(())
}

/// Asks the gateway again and again until it has accepted `wanted`.
fn watched(gateway: &Gateway, wanted: usize, begin: Instant) -> Result<Curve> {
    let mut curve = vec![(Duration::ZERO, 0)];
    let mut moved = begin;
    loop {
        let (accepted, at) = (gateway.totals()?.accepted, now());
        if curve.last().is_some_and(|(_, before)| *before < accepted) {
            curve.push((at.saturating_duration_since(begin), accepted));
            moved = at;
        }
        if accepted >= wanted {
            return Ok(curve);
        }
        if at.saturating_duration_since(moved) > PATIENCE {
            bail!("only {accepted} of {wanted} messages were accepted");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn speed(curve: &Curve) -> f64 {
    curve.last().map_or(0.0, |(span, accepted)| rate(*accepted, *span))
}

/// The speed over the last half before `upto` were accepted, where the curve is fine enough to tell.
fn speed_at(curve: &Curve, upto: usize) -> Option<f64> {
    let point = |count: usize| curve.iter().find(|(_, accepted)| *accepted >= count).copied();
    let ((from, before), (to, after)) = point(upto / 2).zip(point(upto))?;
    (after > before).then(|| rate(after - before, to.saturating_sub(from)))
}
