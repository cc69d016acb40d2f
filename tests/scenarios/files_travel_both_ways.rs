//! A picture from a chat is in the mail, and a file from a mail can be opened in the chat.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::web::fetch;
use causeway_tests::cast::xml::Element;
use causeway_tests::servers::xmpp::{Kind, Uploads};
use data_encoding::BASE64;

const SHARING: &str = "urn:xmpp:sfs:0";
const METADATA: &str = "urn:xmpp:file:metadata:0";

/// Bytes that no text survives as.
fn picture(length: u32) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\r\n.\r\n--cut\r\n\0".to_vec();
    bytes.extend((0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    bytes
}

/// A letter with two files behind its words.
fn letter(to: &str, bytes: &[u8]) -> Letter {
    let encoded: Vec<String> = BASE64
        .encode(bytes)
        .as_bytes()
        .chunks(76)
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .collect();
    let part = |name: &str, body: &str| {
        format!(
            "--cut\nContent-Type: image/jpeg\nContent-Disposition: attachment; filename=\"{name}\"\n\
             Content-Transfer-Encoding: base64\n\n{body}\n"
        )
    };
    let body = format!(
        "--cut\nContent-Type: text/plain\n\nHere is the orchard.\n{}{}--cut--\n",
        part("the orchard.jpg", &encoded.join("\n")),
        part("../wall\u{202e}gpj.jpg", "/9g=")
    );
    Letter::to(to)
        .subject("The orchard")
        .content("multipart/mixed; boundary=cut", &body)
}

/// The link that a client would open, if it is one that clients open (XEP-0066 section 4).
fn link(message: &Element) -> Result<String> {
    let oob = message
        .child_in("x", "jabber:x:oob")
        .with_context(|| message.written().to_owned())?;
    let link = oob.text_of("url").to_owned();
    ensure!(
        message.text_of("body") == link,
        "the link is the whole body: {}",
        message.written()
    );
    let source = message
        .child_in("file-sharing", SHARING)
        .and_then(|sharing| sharing.child("sources"))
        .and_then(|sources| sources.child("url-data"));
    ensure!(
        source.map(|it| it.attr("target")) == Some(&link),
        "{}",
        message.written()
    );
    Ok(link)
}

fn story(kind: Kind) -> Result<()> {
    files_travel(&Scene::open(kind)?, false)
}

fn files_travel(scene: &Scene, in_users_name: bool) -> Result<()> {
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // The gateway knows where files go, and does not claim to be that place itself.
    let check = scene.gateway.ask(&["check"])?.text;
    ensure!(in_users_name || check.contains("takes files, up to"), "{check}");
    let info = romeo.ask(
        "get",
        &scene.domain,
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    )?;
    ensure!(!info.written().contains("urn:xmpp:http:upload"), "{}", info.written());

    // From chat to mail.
    let bytes = picture(100_000);
    let shared = romeo.upload("balcony.jpg", "image/jpeg", &bytes)?;
    romeo.share(&contact, &shared)?;
    let mail = juliet.wait_for("a mail with the picture", |mail| !mail.files().is_empty())?;
    ensure!(
        mail.files() == [("balcony.jpg".to_owned(), bytes.clone())],
        "{}",
        mail.field("Subject")
    );
    ensure!(
        mail.text().trim() == "balcony.jpg",
        "no link that would rot: {}",
        mail.text()
    );

    // From mail to chat: the words first, then each file.
    scene.mail("juliet", &letter(&scene.puppet("romeo"), &bytes))?;
    let words = romeo.expect_words(&contact, "Here is the orchard.")?;
    let is_file = |it: &Element| it.name == "message" && it.child_in("x", "jabber:x:oob").is_some();
    let orchard = romeo.expect("the first file", is_file)?;
    let wall = romeo.expect("the second file", is_file)?;
    ensure!(fetch(&link(&orchard)?)? == bytes, "the same bytes");
    ensure!(
        fetch(&link(&wall)?)? == BASE64.decode(b"/9g=")?,
        "of the second one, too"
    );
    let name = |message: &Element| {
        let sharing = message.child_in("file-sharing", SHARING);
        let file = sharing.and_then(|sharing| sharing.child_in("file", METADATA));
        file.map(|file| file.text_of("name").to_owned())
    };
    ensure!(
        name(&orchard).as_deref() == Some("the orchard.jpg"),
        "{}",
        orchard.written()
    );
    ensure!(name(&wall).as_deref() == Some("wallgpj.jpg"), "{}", wall.written());
    ensure!(!words.text_of("body").contains("orchard.jpg"), "{}", words.written());
    Ok(())
}

on_both_servers!();

/// The service takes nothing from components, but the server lets the gateway ask in its users' names (XEP-0356).
#[test]
fn in_the_users_name() -> Result<()> {
    let wishes = Wishes {
        privileged: true,
        uploads: Uploads::FromUsers,
        ..Wishes::default()
    };
    files_travel(&Scene::with(Kind::Prosody, wishes)?, true)
}
