//! The system's clock jumps by an hour, a day and ten years, and to 1970, while the gateway runs and between two starts:
//! all goes on as before, what waits keeps its schedule, and what leaves the house bears the date that the clock shows.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::sink::{Manner, Sink};
use causeway_tests::cast::wall::WallClock;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::dnsmasq::LATER;
use causeway_tests::servers::xmpp::Kind;
use std::process::Command;
use std::time::Duration;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const DECADE: i64 = 3653 * DAY;

/// The seconds since 1970 at some time, which is `now` or the UTC date of a clock or mail, as `date` understands it.
fn seconds(time: &str) -> Result<i64> {
    let output = Command::new("date")
        .args(["-u", "-d", time, "+%s"])
        .output()
        .context("date")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().with_context(|| format!("the date of “{time}”"))
}

/// One line and one mail cross; the line bears the date that the turned clock shows.
fn all_goes_on(scene: &mut Scene, romeo: &mut XmppClient, offset: i64, when: &str) -> Result<()> {
    let contact = scene.contact(&scene.address("juliet"));
    let shown = seconds("now")? + offset;
    let near = |date: &str| Ok::<_, anyhow::Error>((seconds(date)? - shown).abs() < 60);

    let answer = romeo.ask("get", &scene.domain, "<time xmlns='urn:xmpp:time'/>")?;
    let utc = answer.child("time").map(|time| time.text_of("utc").to_owned());
    ensure!(near(&utc.context("no time")?)?, "the time {when}: {}", answer.written());
    let words = format!("What hour is it {when}?");
    romeo.say(&contact, &words)?;
    let mail = scene.mailbox("juliet")?.wait_for_words(&words)?;
    ensure!(near(&mail.field("Date"))?, "the date {when}: {}", mail.field("Date"));
    let words = format!("'Tis almost morning {when}.");
    scene.mail("juliet", &Letter::to(&scene.puppet("romeo")).text(&words))?;
    romeo.expect_words(&contact, &words)?;
    ensure!(scene.gateway.is_alive(), "the gateway has ended {when}");
    Ok(())
}

#[test]
fn story() -> Result<()> {
    let wishes = Wishes {
        direct: true,
        retry: Some(r#""1s", "1h""#),
        ..Wishes::default()
    };
    let mut scene = Scene::with(Kind::Prosody, wishes)?;
    let sink = Sink::open(LATER, scene.mail.postfix.smtp_port, Manner::Later)?;
    let mut romeo = scene.client("romeo")?;
    let clock = WallClock::new(&scene.mail.ground, "wall-clock")?;
    scene.gateway.terminate()?;
    scene.gateway.run_behind(&[], &clock.env());
    scene.start()?;

    // Two tries, then an hour of waiting.
    let friar = scene.contact("friar@later.test");
    let waiting = romeo.say(&friar, "Let me be satisfied, is 't good or bad?")?;
    until("the second try", SOON, || Ok((sink.tries() == 2).then_some(())))?;

    let birth_of_unix = 10 - seconds("now")?;
    for (offset, when) in [
        (0, "before"),
        (HOUR, "in summer"),
        (0, "in winter"),
        (DAY, "tomorrow"),
        (-DAY, "yesterday"),
        (DECADE, "in ten years"),
        (-DECADE, "ten years ago"),
        (birth_of_unix, "in 1970"),
    ] {
        clock.turn(offset)?;
        all_goes_on(&mut scene, &mut romeo, offset, when)?;
        let busy = scene.gateway.busy(Duration::from_secs(1))?;
        ensure!(busy < 0.5, "{when} it uses {busy} of a core");
        ensure!(sink.tries() == 2, "the friar was tried again {when}");
    }

    // The clock is wrong at the start, as on a machine that has no battery, and is set right later.
    for (offset, when) in [(-DAY, "yesterday"), (birth_of_unix, "in 1970")] {
        scene.gateway.terminate()?;
        clock.turn(offset)?;
        scene.start()?;
        all_goes_on(&mut scene, &mut romeo, offset, &format!("after a start {when}"))?;
        ensure!(sink.tries() == 2, "the friar was tried again after a start {when}");
    }
    clock.turn(0)?;
    all_goes_on(&mut scene, &mut romeo, 0, "at last")?;

    // Whatever has waited for ten years, as far as anybody can tell, is tried once more before it is given up.
    scene.gateway.terminate()?;
    clock.turn(DECADE)?;
    sink.turn(Manner::Serving);
    scene.start()?;
    all_goes_on(&mut scene, &mut romeo, DECADE, "after a start in ten years")?;
    until("the mail that waited", SOON, || {
        Ok((sink.mails().len() == 1).then_some(()))
    })?;
    romeo.expect_none(&scene.domain, "an error", |it| {
        it.attr("type") == "error" && it.attr("id") == waiting
    })
}
