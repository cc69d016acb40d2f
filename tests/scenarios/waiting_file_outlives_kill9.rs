//! A mail with a file was acknowledged while the XMPP server was down, and the gateway is killed: the file is still there.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::web::fetch;
use causeway_tests::servers::xmpp::Kind;
use data_encoding::BASE64;

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        own_server: true,
        ..Wishes::default()
    };
    let mut scene = Scene::with(kind, wishes)?;
    scene.client("romeo")?;
    scene.xmpp.kill9();

    let ring: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
    let encoded: Vec<String> = BASE64
        .encode(&ring)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let message_id = format!("<ring.{}@orchard.test>", scene.domain);
    let letter = Letter::to(&scene.puppet("romeo"))
        .field("Message-ID", &message_id)
        .content(
            "multipart/mixed; boundary=cut",
            &format!(
                "--cut\nContent-Type: text/plain\n\nGive him this ring.\n--cut\nContent-Type: image/png; name=ring.png\n\
                 Content-Transfer-Encoding: base64\n\n{}\n--cut--\n",
                encoded.join("\n")
            ),
        );
    let from = scene.address("juliet");
    let reply = scene.lmtp()?.send(&from, letter.recipient(), &letter.from(&from)?)?;
    ensure!(reply.is_good(), "{reply:?}");
    scene.gateway.kill9();
    scene.gateway.start()?;
    scene.xmpp.start()?;

    scene.gateway.wait_for_stage(&message_id, "handed")?;
    let mut romeo = scene.client_again("romeo")?;
    romeo.expect_words(&scene.contact(&scene.address("juliet")), "Give him this ring.")?;
    let file = romeo.expect("the ring", |it| it.child_in("x", "jabber:x:oob").is_some())?;
    let link = file.child("x").context("a link")?.text_of("url").to_owned();
    ensure!(fetch(&link)? == ring, "the same bytes");
    Ok(())
}

on_both_servers!();
