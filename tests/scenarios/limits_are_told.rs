//! Who says too much at once is told so, and when there is room again; nobody else is held up.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::servers::xmpp::Kind;

const LIMITS: &str = "[limits]\nmessages_per_minute = 3\nincoming_per_hour = 2\n";

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        more: Some(LIMITS),
        ..Wishes::default()
    };
    let mut scene = Scene::with(kind, wishes)?;
    let mut mercutio = scene.client("mercutio")?;
    let mut benvolio = scene.client("benvolio")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // Mercutio may say three things a minute.
    for word in ["Nay", "I'll", "conjure"] {
        mercutio.say(&contact, &format!("{word} too."))?;
        juliet.wait_for_words(&format!("{word} too."))?;
    }
    let fourth = mercutio.say(&contact, "Romeo! humours! madman! passion! lover!")?;
    let error = mercutio.expect_error(&fourth)?;
    let why = error.written();
    ensure!(why.contains("policy-violation") && why.contains("type='wait'"), "{why}");
    ensure!(why.contains("limit 3/min, again in"), "{why}");

    // A restart is no way around it, and Benvolio is not held up by it.
    scene.gateway.terminate()?;
    scene.start()?;
    let fifth = mercutio.say(&contact, "Appear thou in the likeness of a sigh!")?;
    mercutio.expect_error(&fifth)?;
    benvolio.say(&contact, "An if he hear thee, thou wilt anger him.")?;
    juliet.wait_for_words("thou wilt anger him")?;

    // The same for a sender outside: the third mail is put off, so that her server tries it again.
    let to = scene.puppet("benvolio");
    let letter = |words: &str| Letter::to(&to).subject("Queen Mab").text(words);
    for words in ["This is that very Mab", "that plats the manes of horses"] {
        scene.mail("nurse", &letter(words))?;
        benvolio.expect_words(&scene.contact(&scene.address("nurse")), words)?;
    }
    let nurse = scene.address("nurse");
    let reply = scene.lmtp()?.send(&nurse, &to, &letter("in the night").from(&nurse)?)?;
    ensure!(reply.code == 451 && reply.text.contains("limit 2/h"), "{reply:?}");
    Ok(())
}

on_both_servers!();
