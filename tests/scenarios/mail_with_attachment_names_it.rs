//! A mail with a file: the words arrive, and a line names the file.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

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

#[test]
fn story() -> Result<()> {
    let scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let letter = Letter::to(&scene.puppet("romeo"))
        .subject("The map")
        .content("multipart/mixed; boundary=cut", BODY);
    scene.mail("juliet", &letter)?;
    let contact = scene.contact(&scene.address("juliet"));
    let message = romeo.expect_words(&contact, "Here is the map of the orchard.")?;
    let body = message.text_of("body");
    ensure!(
        body.contains("orchard map.pdf") && body.contains("application/pdf"),
        "the file is named: {body}"
    );
    ensure!(!body.contains("JVBERi0"), "and not pasted: {body}");
    Ok(())
}
