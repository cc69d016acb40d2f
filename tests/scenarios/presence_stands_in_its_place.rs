//! At a made-up server every presence of the gateway's can be counted: nothing before anybody asks, the approval before the
//! presence, the gateway before its contacts, and all of it once, at a stop, at a start, and at the start after a kill.

use anyhow::{Result, ensure};
use causeway_tests::cast::prompter::Prompter;
use causeway_tests::cast::scene::Scene;
use std::thread;

const ROMEO: &str = "romeo@xmpp.test";

/// What follows when somebody sends presence of this type, which must be exactly this.
fn follows(verona: &mut Prompter, from: &str, to: &str, kind: &str, what: &[String]) -> Result<()> {
    let kind = match kind {
        "" => String::new(),
        kind => format!(" type='{kind}'"),
    };
    verona.say(&format!("<presence from='{from}' to='{to}'{kind}/>"))?;
    let flow = verona.flow()?;
    ensure!(flow == what, "to a presence{kind} for {to}: {flow:?}");
    Ok(())
}

fn comes(jid: &str) -> String {
    format!("presence {jid}/gateway")
}

fn goes(jid: &str) -> String {
    format!("presence unavailable {jid}/gateway")
}

/// Stops the gateway in order while the server listens.
fn stopped(scene: &mut Scene, verona: &mut Prompter) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let stop = scope.spawn(|| scene.gateway.terminate());
        let told = verona.farewell();
        stop.join().map_err(|_| anyhow::anyhow!("the stop panicked"))??;
        told
    })
}

#[test]
fn story() -> Result<()> {
    let mut verona = Prompter::open()?;
    let mut scene = Scene::made_up(&verona)?;
    let gateway = scene.domain.clone();
    let juliet = scene.contact(&scene.address("juliet"));
    let balcony = format!("{ROMEO}/balcony");

    // Nobody is told anything before he asks.
    verona.pick_up("")?;
    ensure!(verona.flow()?.is_empty(), "something was said to nobody");
    follows(&mut verona, &balcony, &juliet, "", &[])?;
    follows(&mut verona, ROMEO, &juliet, "subscribed", &[])?;
    verona.say(&format!(
        "<message from='{balcony}' to='{juliet}' type='chat' id='m1'><body>She speaks!</body></message>"
    ))?;
    ensure!(verona.flow()?.is_empty(), "words are no wish to see anybody");

    // The approval, then the presence; again where he asks again, and a probe is answered from what is true.
    for jid in [&juliet, &gateway] {
        let both = [format!("presence subscribed {jid}"), comes(jid)];
        follows(&mut verona, ROMEO, jid, "subscribe", &both)?;
        follows(&mut verona, ROMEO, jid, "subscribe", &both)?;
        follows(&mut verona, &balcony, jid, "probe", &[comes(jid)])?;
    }
    let tybalt = "tybalt@strangers.test";
    let no = [
        format!("presence error {juliet}"),
        format!("presence unsubscribed {juliet}"),
    ];
    follows(&mut verona, tybalt, &juliet, "subscribe", &no)?;

    // All go, and all come back; after a kill, which told nobody, they come too.
    ensure!(stopped(&mut scene, &mut verona)? == [goes(&gateway), goes(&juliet)]);
    scene.gateway.start()?;
    verona.pick_up("")?;
    ensure!(verona.flow()? == [comes(&gateway), comes(&juliet)]);
    scene.gateway.kill9();
    scene.gateway.start()?;
    verona.pick_up("")?;
    ensure!(verona.flow()? == [comes(&gateway), comes(&juliet)]);

    // Who removes a contact is told of it no more, also not when the link breaks and comes back.
    let end = [format!("presence unsubscribed {juliet}"), goes(&juliet)];
    follows(&mut verona, ROMEO, &juliet, "unsubscribe", &end)?;
    verona.pick_up("")?;
    ensure!(verona.flow()? == [comes(&gateway)]);
    let end = [format!("presence unsubscribed {gateway}"), goes(&gateway)];
    follows(&mut verona, ROMEO, &gateway, "unsubscribe", &end)?;
    ensure!(
        stopped(&mut scene, &mut verona)?.is_empty(),
        "nobody is left to be told"
    );
    Ok(())
}
