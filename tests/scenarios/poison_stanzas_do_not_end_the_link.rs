//! Stanzas that end other gateways' streams: each is answered or ignored, and the link goes on.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

/// With `TO` for the address; some servers stop some of them.
const POISON: &[&str] = &[
    "<message type='gossip' to='TO' id='p1'><body>Have you heard?</body></message>",
    "<message to='TO' id='p2'><body>one</body><body>two</body><body xml:lang='it'>tre</body></message>",
    "<message to='TO' id='p3'><body><b xmlns='urn:bold'>no text</b></body></message>",
    "<message type='error' to='TO' id='p4'/>",
    "<message to='TO' id='p5'><thread/><subject/><delay xmlns='urn:xmpp:delay' stamp='yesterday'/></message>",
    "<message to='TO' id='p6'><received xmlns='urn:xmpp:receipts'/><reply xmlns='urn:xmpp:reply:0'/><body>?</body></message>",
    "<presence to='TO'><show>sulking</show></presence>",
    "<presence to='TO'><priority>500</priority></presence>",
    "<presence to='TO'><priority>high</priority><show/></presence>",
    "<presence type='courting' to='TO'/>",
    "<presence type='error' to='TO'/>",
    "<iq type='get' to='TO'/>",
    "<iq type='get' to='TO' id='p7'/>",
    "<iq type='set' to='TO' id='p8'><a xmlns='a'/><b xmlns='b'/></iq>",
    "<iq type='demand' to='TO' id='p9'><query xmlns='jabber:iq:version'/></iq>",
    "<iq type='result' to='TO' id='p10'><query xmlns='jabber:iq:version'/></iq>",
    "<iq type='error' to='TO' id='p11'/>",
    "<message to='TO' id='&#x9;'><x xmlns=''/><body>&#xd7ff;&#xfffd;</body></message>",
];

fn story(kind: Kind) -> Result<()> {
    let mut scene = Scene::open(kind)?;
    scene.client("tybalt")?;
    let contact = scene.contact(&scene.address("juliet"));
    let long = format!(
        "<message to='TO' id='long'><body>{}</body></message>",
        "O ".repeat(100_000)
    );
    let deep = format!(
        "<message to='TO' id='deep'>{}{}</message>",
        "<x xmlns='x'>".repeat(300),
        "</x>".repeat(300)
    );
    let all = POISON.iter().map(|it| (*it).to_owned()).chain([long, deep]);
    for poison in all {
        for address in [contact.as_str(), &scene.domain] {
            // A server that does not like it may end Tybalt's own stream; he comes back.
            let mut tybalt = scene.client_again("tybalt")?;
            let _ = tybalt.send(&poison.replace("TO", address));
            let _ = tybalt.ask("get", &scene.domain, "<ping xmlns='urn:xmpp:ping'/>");
        }
    }

    // Romeo notices nothing of it.
    let mut romeo = scene.client("romeo")?;
    romeo.say(&contact, "I defy you, stars!")?;
    scene.mailbox("juliet")?.wait_for_words("I defy you, stars!")?;
    ensure!(scene.gateway.is_alive(), "the gateway has ended");
    let log = std::fs::read_to_string(scene.gateway.log())?;
    let breaks = log.matches("the link to the XMPP server broke").count();
    ensure!(
        breaks == 0,
        "the link broke {breaks} times: {}",
        scene.gateway.log().display()
    );
    Ok(())
}

on_both_servers!();
