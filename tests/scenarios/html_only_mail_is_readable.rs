//! A mail in HTML alone arrives as words, without tags, styles and scripts.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

const BODY: &str = "\
<html><head><style>p { color: red }</style><script>alert('poison')</script></head>
<body><p>Good night, <b>good night</b>!</p>
<p>Parting is such sweet&nbsp;sorrow &amp; joy,<br>till it be morrow.</p>
<p><a href=\"https://orchard.test/wall\">the wall</a></p></body></html>
";

#[test]
fn story() -> Result<()> {
    let scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let letter = Letter::to(&scene.puppet("romeo")).content("text/html; charset=utf-8", BODY);
    scene.mail("juliet", &letter)?;
    let contact = scene.contact(&scene.address("juliet"));
    let message = romeo.expect_words(&contact, "Good night")?;
    let body = message.text_of("body");
    ensure!(
        body.contains("& joy") && body.contains("till it be morrow"),
        "the words: {body}"
    );
    ensure!(body.contains("https://orchard.test/wall"), "the link: {body}");
    for junk in ["<p", "<b", "</", "color: red", "alert", "&nbsp;"] {
        ensure!(!body.contains(junk), "{junk} is left: {body}");
    }
    Ok(())
}
