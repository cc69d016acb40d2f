//! A link that leads to a private address: nobody goes there, and the mail has the link.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::servers::xmpp::Kind;
use std::io::ErrorKind;
use std::net::TcpListener;

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        closed_web: true,
        files: "hosts = [\"*\"]",
        ..Wishes::default()
    };
    let scene = Scene::with(kind, wishes)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    let house = TcpListener::bind("127.0.0.1:0")?;
    house.set_nonblocking(true)?;
    let port = house.local_addr()?.port();

    for host in ["127.0.0.1", "2130706433", "localhost", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            let link = format!("{scheme}://{host}:{port}/secret.jpg");
            romeo.share(&contact, &link)?;
            let mail = juliet.wait_for_words(&link)?;
            ensure!(
                mail.files().is_empty() && mail.text().contains("not attached"),
                "{}",
                mail.text()
            );
        }
    }
    let came = house.accept().map(drop).map_err(|error| error.kind());
    ensure!(came == Err(ErrorKind::WouldBlock), "somebody came: {came:?}");
    Ok(())
}

on_both_servers!();
