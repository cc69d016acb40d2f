//! A file that is larger than the gateway carries: the mail has the link and says why, the chat has the name and the reason.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::with(
        kind,
        Wishes {
            files: "largest = 1000",
            ..Wishes::default()
        },
    )?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    let link = romeo.upload("feud.txt", "text/plain", &[b'x'; 1001])?;
    romeo.share(&contact, &link)?;
    let mail = juliet.wait_for_words(&link)?;
    ensure!(
        mail.files().is_empty() && mail.text().contains("too large"),
        "{}",
        mail.text()
    );

    let body = format!(
        "--cut\nContent-Type: text/plain\n\nThe feud, in full.\n--cut\nContent-Type: text/plain; name=feud.txt\n\
         Content-Disposition: attachment\n\n{}\n--cut--\n",
        "Bite thy thumb\n".repeat(70)
    );
    let letter = Letter::to(&scene.puppet("romeo"))
        .subject("The feud")
        .content("multipart/mixed; boundary=cut", &body);
    scene.mail("juliet", &letter)?;
    let words = romeo.expect_words(&contact, "The feud, in full.")?;
    let body = words.text_of("body");
    ensure!(
        body.contains("feud.txt") && body.contains("not kept by the gateway"),
        "{body}"
    );
    Ok(())
}

on_both_servers!();
