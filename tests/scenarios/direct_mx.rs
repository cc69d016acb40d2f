//! Without a smarthost: mail goes to the recipient's own exchanger, the second where the first is dead; a domain that
//! takes no mail is told so at once.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::servers::xmpp::Kind;

#[test]
fn story() -> Result<()> {
    let wishes = Wishes {
        direct: true,
        ..Wishes::default()
    };
    let scene = Scene::with(Kind::Prosody, wishes)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    let id = romeo.say(&contact, "With love's light wings did I o'er-perch these walls.")?;
    let mail = juliet.wait_for_words("love's light wings")?;
    ensure!(
        mail.fields("Received").iter().any(|it| it.contains("ESMTPS")),
        "encrypted where offered: {}",
        mail.raw()
    );
    ensure!(
        scene.gateway.steps(&id)?.contains(&"handed".into()),
        "{:?}",
        scene.gateway.steps(&id)?
    );
    scene.mail(
        "juliet",
        &mail.reply("By whose direction found'st thou out this place?"),
    )?;
    romeo.expect_words(&contact, "By whose direction")?;

    // A null MX (RFC 7505), no such domain, and a user whom the exchanger refuses.
    for (address, condition) in [
        ("friar@nomail.test", "remote-server-not-found"),
        ("friar@nowhere.test", "remote-server-not-found"),
        ("nobody@mail.test", "item-not-found"),
    ] {
        let id = romeo.say(&scene.contact(address), "Holy Franciscan friar! brother, ho!")?;
        let error = romeo.expect_error(&id)?;
        ensure!(error.condition() == condition, "{address}: {}", error.written());
    }
    Ok(())
}
