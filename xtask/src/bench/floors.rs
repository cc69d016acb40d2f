//! What the paths cost without the gateway: the XMPP server's legs, and a mail straight to its destination.

use crate::bench::course::Token;
use crate::bench::people::{ECHO, Pace, User, echo, fresh_run, mails};
use crate::bench::sink::{Manner, Sink};
use crate::bench::stopwatch::{Spans, ms};
use crate::bench::table::{Figure, Table};
use crate::bench::{GENTLY, PATIENCE, Stage};
use anyhow::Result;
use std::time::Duration;

/// Medians and rates without the gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floors {
    /// Client to server to component.
    pub(crate) chat_out: Duration,
    /// Component to server to client.
    pub(crate) chat_in: Duration,
    /// A mail from a client that stays connected.
    pub(crate) mail: Duration,
    /// Messages a second that a bare component echoes.
    pub(crate) echo_rate: f64,
    /// Mails a second over eight connections.
    pub(crate) mail_rate: f64,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Measures them.
pub(crate) fn measure(stage: &Stage, table: &mut Table) -> Result<Floors> {
    let (chat_out, chat_in, echo_rate) = stage.lights.step("without the gateway: chat", || chat(stage, table))?;
    let (mail, mail_rate) = stage.lights.step("without the gateway: mail", || mail(stage, table))?;
    Ok(Floors {
        chat_out,
        chat_in,
        mail,
        echo_rate,
        mail_rate,
    })
}

/// The middle and the long end of some spans, in words.
pub(crate) fn spans(spans: &Spans) -> String {
    format!("p50 {:.1} ms, p99 {:.1} ms", ms(spans.p50()), ms(spans.p99()))
}

fn chat(stage: &Stage, table: &mut Table) -> Result<(Duration, Duration, f64)> {
    let (mut romeo, mut nurse) = (User::new(&stage.xmpp)?, User::new(&stage.xmpp)?);
    let (came, went) = echo(stage.xmpp.component_port(ECHO)?, nurse.jid().to_owned())?;
    let heard = nurse.listen()?;
    let tokens = Token::deal(fresh_run(), stage.size.gentle, 10);
    let sent = romeo.say(tokens, Pace::Every(GENTLY), |_| ECHO.to_owned())?;
    let (whole, out) = (heard.judge(&sent, PATIENCE)?, came.judge(&sent, PATIENCE)?);
    let back = heard.judge(&went.as_sent(&sent), PATIENCE)?;
    table.push(Figure::new("chat: client to server to component", spans(&out.spans)));
    table.push(Figure::new("chat: component to server to client", spans(&back.spans)));
    table.push(Figure::new("chat: both, as an echo", spans(&whole.spans)));
    let tokens = Token::deal(fresh_run(), stage.size.burst, 10);
    let sent = romeo.say(tokens, Pace::Burst, |_| ECHO.to_owned())?;
    let shown = heard.judge(&sent, PATIENCE)?;
    let words = format!("{:.0}/s{}", shown.rate(), shown.trouble());
    table.push(Figure::new("chat: echo of a burst by a bare component", words));
    Ok((out.spans.p50(), back.spans.p50(), shown.rate()))
}

fn mail(stage: &Stage, table: &mut Table) -> Result<(Duration, f64)> {
    let sink = Sink::open(Manner::Serving)?;
    let tokens = Token::deal(fresh_run(), stage.size.gentle, 1).collect();
    let (sent, _) = mails(sink.port, false, "juliet@example.com", tokens, 1, Pace::Every(GENTLY))?;
    let one = sink.course.judge(&sent, PATIENCE)?;
    table.push(Figure::new("mail: client to sink", spans(&one.spans)));
    let tokens = Token::deal(fresh_run(), stage.size.burst, 1_000).collect();
    let (sent, _) = mails(sink.port, false, "juliet@example.com", tokens, 8, Pace::Burst)?;
    let many = sink.course.judge(&sent, PATIENCE)?;
    let words = format!("{:.0}/s{}", many.rate(), many.trouble());
    table.push(Figure::new("mail: burst to the sink over 8 connections", words));
    Ok((one.spans.p50(), many.rate()))
}
