//! A mail with a file, where the XMPP server has no place for files: the words arrive, and a line names the file.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::servers::xmpp::{Kind, Uploads};

const BODY: &str = "\
--cut
Content-Type: text/plain; charset=utf-8

Here is the map of the orchard.
--cut
Content-Type: application/pdf; name=\"orchard map.pdf\"
Content-Disposition: attachment; filename=\"orchard map.pdf\"
Content-Transfer-Encoding: base64

JVBERi0xLjQKJcOkw7zDtsOfCg==
--cut--
";

fn story(kind: Kind) -> Result<()> {
    named_only(kind, Uploads::None)?;
    named_only(kind, Uploads::FromUsers)
}

fn named_only(kind: Kind, uploads: Uploads) -> Result<()> {
    let wishes = Wishes {
        uploads,
        ..Wishes::default()
    };
    let scene = Scene::with(kind, wishes)?;
    let mut romeo = scene.client("romeo")?;
    let letter = Letter::to(&scene.puppet("romeo"))
        .subject("The map")
        .content("multipart/mixed; boundary=cut", BODY);
    scene.mail("juliet", &letter)?;
    let contact = scene.contact(&scene.address("juliet"));
    let message = romeo.expect_words(&contact, "Here is the map of the orchard.")?;
    let body = message.text_of("body");
    ensure!(
        body.contains("orchard map.pdf (application/pdf, 19 B) – your server has no place for it"),
        "the file is named: {body}"
    );
    ensure!(!body.contains("JVBERi0"), "and not pasted: {body}");
    Ok(())
}

on_both_servers!();
