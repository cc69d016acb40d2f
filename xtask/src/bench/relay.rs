//! Whole ways: chat to mail and mail to chat, one by one for the latency and in bursts for the speed.

use crate::bench::course::{Course, Sent, Shown, Token};
use crate::bench::floors::{Floors, spans};
use crate::bench::gateway::{DOMAIN, Ends, Gateway};
use crate::bench::people::{Pace, User, contact, fresh_run, mails};
use crate::bench::sink::{Manner, Sink};
use crate::bench::stopwatch::{ms, now, rate};
use crate::bench::table::{Figure, Table};
use crate::bench::{GENTLY, PATIENCE, Stage};
use anyhow::Result;
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::ports;
use causeway_tests::servers::process::Process;
use std::time::Duration;

/// How many conversations go on at once.
const CONVERSATIONS: [u32; 3] = [1, 10, 1_000];

/// The aim for what the gateway adds, in milliseconds.
const ADDED: f64 = 5.0;

/// What one level of a direction showed.
struct Level {
    conversations: u32,
    gentle: Shown,
    burst: Shown,
    cpu: Duration,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Chat to mail.
pub(crate) fn out(stage: &Stage, floors: &Floors, table: &mut Table) -> Result<()> {
    let sink = Sink::open(Manner::Serving)?;
    for conversations in CONVERSATIONS {
        let title = format!("chat to mail, {conversations} conversations");
        let level = stage.lights.step(&title, || {
            let (gateway, mut romeo) = attached(stage, &format!("out-{conversations}"), sink.port)?;
            let level = Level::measure(stage, conversations, &gateway, &sink.course, |tokens, pace| {
                romeo.say(tokens.into_iter(), pace, |token| contact(token.conversation))
            })?;
            romeo.no_errors()?;
            Ok::<_, anyhow::Error>(level)
        })?;
        let (rate, floor) = (floors.mail_rate.min(floors.echo_rate), floors.chat_out + floors.mail);
        level.tell(&title, (floor, rate), Some(300.0), table);
    }
    stage
        .lights
        .step("chat to Debian's smtp-sink", || to_smtp_sink(stage, table))
}

/// Mail to chat.
pub(crate) fn back(stage: &Stage, floors: &Floors, table: &mut Table) -> Result<()> {
    let nowhere = Sink::open(Manner::Silent)?;
    for conversations in CONVERSATIONS {
        let title = format!("LMTP to chat, {conversations} conversations");
        let level = stage.lights.step(&title, || {
            let (gateway, mut romeo) = attached(stage, &format!("in-{conversations}"), nowhere.port)?;
            let heard = romeo.listen()?;
            let to = romeo.bare().replace("@xmpp.test", &format!("@{DOMAIN}"));
            Level::measure(stage, conversations, &gateway, &heard, |tokens, pace| {
                Ok(mails(gateway.lmtp(), true, &to, tokens, conversations.min(20), pace)?.0)
            })
        })?;
        let (rate, floor) = (floors.mail_rate.min(floors.echo_rate), floors.chat_in + floors.mail);
        level.tell(&title, (floor, rate), None, table);
    }
    Ok(())
}

fn attached(stage: &Stage, place: &str, smarthost: u16) -> Result<(Gateway, User)> {
    let component = stage.xmpp.component_port(DOMAIN)?;
    let mut gateway = Gateway::new(&stage.ground, place, Ends { component, smarthost })?;
    gateway.start()?;
    let mut romeo = User::new(&stage.xmpp)?;
    romeo.wait_for(DOMAIN)?;
    Ok((gateway, romeo))
}

impl Level {
    fn measure(
        stage: &Stage,
        conversations: u32,
        gateway: &Gateway,
        heard: &Course,
        mut send: impl FnMut(Vec<Token>, Pace) -> Result<Sent>,
    ) -> Result<Self> {
        let tokens = Token::deal(fresh_run(), stage.size.gentle, conversations).collect();
        let sent = send(tokens, Pace::Every(GENTLY))?;
        let gentle = heard.judge(&sent, PATIENCE)?;
        let cpu = gateway.cpu()?;
        let tokens = Token::deal(fresh_run(), stage.size.burst, conversations).collect();
        let sent = send(tokens, Pace::Burst)?;
        let burst = heard.judge(&sent, PATIENCE)?;
        Ok(Self {
            conversations,
            gentle,
            burst,
            cpu: gateway.cpu()?.saturating_sub(cpu) / stage.size.burst,
        })
    }

    fn tell(&self, title: &str, floor: (Duration, f64), mails: Option<f64>, table: &mut Table) {
        let (latency, speed) = floor;
        let added = ms(self.gentle.spans.p50()) - ms(latency);
        let words = format!("{}{}", spans(&self.gentle.spans), self.gentle.trouble());
        let figure = Figure::new(&format!("{title}: latency"), words)
            .against(format!("p50 {:.1} ms, {added:+.1} ms", ms(latency)))
            .aim("+5 ms", added <= ADDED);
        table.push(figure);
        let rate = self.burst.rate();
        let words = format!("{rate:.0}/s{}", self.burst.trouble());
        let figure =
            Figure::new(&format!("{title}: burst"), words).against(format!("{speed:.0}/s, {:.2}×", rate / speed));
        table.push(match mails {
            Some(aim) => figure.aim(&format!("{aim:.0}/s"), rate >= aim),
            None => figure,
        });
        let figure = Figure::new(&format!("{title}: CPU for one"), format!("{:.2} ms", ms(self.cpu)));
        table.push(figure.aim("2 ms", ms(self.cpu) <= 2.0));
        if self.burst.came < self.burst.sent {
            println!(
                "    {} of {} came at {} conversations",
                self.burst.came, self.burst.sent, self.conversations
            );
        }
    }
}

/// The same burst to a mail server that is not ours. It keeps nothing, so the gateway's own count is what is seen.
fn to_smtp_sink(stage: &Stage, table: &mut Table) -> Result<()> {
    let port = ports::free()?;
    let mut words = vec!["/usr/sbin/smtp-sink".to_owned()];
    if stage.ground.is_root() {
        words.extend(["-u".to_owned(), "postfix".to_owned()]);
    }
    words.extend([format!("127.0.0.1:{port}"), "100".to_owned()]);
    let log = stage.ground.path().join("smtp-sink.log");
    let mut sink = Process::start(&stage.ground, "smtp-sink", &log, &words, &[])?;
    sink.wait_port(port)?;
    let (gateway, mut romeo) = attached(stage, "smtp-sink", port)?;
    let (begin, count) = (now(), usize::try_from(stage.size.burst)?);
    let tokens = Token::deal(fresh_run(), stage.size.burst, 1_000);
    romeo.say(tokens, Pace::Burst, |token| contact(token.conversation))?;
    until("smtp-sink to have everything", LATER, || {
        Ok((gateway.totals()?.handed >= count).then_some(()))
    })?;
    let rate = rate(count, now().saturating_duration_since(begin));
    let figure = Figure::new(
        "chat to Debian's smtp-sink, 1,000 conversations: burst",
        format!("{rate:.0}/s"),
    );
    table.push(figure.aim("300/s", rate >= 300.0));
    romeo.no_errors()
}
