//! What the server granted on an earlier connection is not used on a later one before it is granted again.

use anyhow::{Result, ensure};
use causeway_tests::cast::prompter::Prompter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;

/// The first thing that the gateway does when somebody registers: a question for the roster, or a wish to be let in.
fn registers(verona: &mut Prompter, gateway: &str, name: &str) -> Result<String> {
    let user = format!("{name}@xmpp.test");
    verona.say(&format!(
        "<iq type='set' id='reg-{name}' from='{user}/balcony' to='{gateway}'><query xmlns='jabber:iq:register'/></iq>"
    ))?;
    let to_him = |it: &Element| it.attr("to") == user;
    let first = verona.expect("what follows", to_him)?;
    let asks_for_roster = first.child_in("query", "jabber:iq:roster").is_some();
    if asks_for_roster {
        // He is let wait no longer.
        verona.refuse(&first, "forbidden")?;
    }
    Ok(match asks_for_roster {
        true => "roster".to_owned(),
        false => first.attr("type").to_owned(),
    })
}

#[test]
fn story() -> Result<()> {
    let mut verona = Prompter::open()?;
    let scene = Scene::made_up(&verona)?;
    let gateway = scene.domain.clone();
    let grant = |from: &str| {
        format!(
            "<message from='{from}' to='{gateway}'><privilege xmlns='urn:xmpp:privilege:2'>\
             <perm access='roster' type='both'/></privilege></message>"
        )
    };
    verona.pick_up(&grant("xmpp.test"))?;
    ensure!(registers(&mut verona, &gateway, "romeo")? == "roster");

    verona.pick_up("")?;
    ensure!(registers(&mut verona, &gateway, "paris")? == "subscribe");

    // Nobody grants what is not his: users, sessions of a server, other servers.
    for forger in [
        "tybalt@xmpp.test",
        "xmpp.test/tybalt",
        "strangers.test",
        "sub.xmpp.test",
    ] {
        verona.say(&grant(forger))?;
    }
    ensure!(registers(&mut verona, &gateway, "benvolio")? == "subscribe");

    verona.say(&grant("xmpp.test"))?;
    ensure!(registers(&mut verona, &gateway, "mercutio")? == "roster");
    Ok(())
}
