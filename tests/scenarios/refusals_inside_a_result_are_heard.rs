//! A server may refuse a request in a user's name inside of an answer that is a result itself, and it may tell the
//! gateway's rights in the shape of the protocol or nested, as Prosody does: the gateway understands all of it.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::prompter::Prompter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;

const UPLOAD: &str = "urn:xmpp:http:upload:0";
const SERVICE: &str = "upload.xmpp.test";
const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const PRIVILEGE: &str = "urn:xmpp:privilege:2";

const SIDE_BY_SIDE: &str = "<namespace ns='http://jabber.org/protocol/pubsub' type='both'/>\
                            <namespace ns='urn:xmpp:http:upload:0' type='get'/>";
const NESTED: &str = "<namespace ns='http://jabber.org/protocol/pubsub' type='both'>\
                      <namespace ns='urn:xmpp:http:upload:0' type='get'/></namespace>";

fn asks(it: &Element, whom: &str, ns: &str) -> bool {
    it.name == "iq" && it.attr("to") == whom && it.children().first().is_some_and(|payload| payload.ns == ns)
}

/// Lets the gateway find an upload service.
fn show_service(verona: &mut Prompter) -> Result<()> {
    let items = verona.expect("the question for services", |it| asks(it, "xmpp.test", ITEMS))?;
    verona.answer(
        &items,
        &format!("<query xmlns='{ITEMS}'><item jid='{SERVICE}'/></query>"),
    )?;
    let info = verona.expect("the question what it is", |it| asks(it, SERVICE, INFO))?;
    verona.answer(
        &info,
        &format!("<query xmlns='{INFO}'><feature var='{UPLOAD}'/></query>"),
    )?;
    let info = verona.expect("the question what the server is", |it| asks(it, "xmpp.test", INFO))?;
    verona.answer(&info, &format!("<query xmlns='{INFO}'/>"))
}

fn letter(to: &str) -> Letter {
    Letter::to(to).content(
        "multipart/mixed; boundary=cut",
        "--cut\nContent-Type: text/plain\n\nThe vial.\n--cut\nContent-Type: image/png\n\
         Content-Disposition: attachment; filename=vial.png\nContent-Transfer-Encoding: base64\n\n/9g=\n--cut--\n",
    )
}

#[test]
fn story() -> Result<()> {
    let mut verona = Prompter::open()?;
    let scene = Scene::made_up(&verona)?;
    let romeo = format!("{}@xmpp.test", scene.name("romeo"));
    let address = scene.address("friar");
    for (number, shape) in [SIDE_BY_SIDE, NESTED].into_iter().enumerate() {
        verona.pick_up(&format!(
            "<message from='xmpp.test' to='{}'><privilege xmlns='{PRIVILEGE}'><perm access='iq'>{shape}</perm>\
             </privilege></message>",
            scene.domain
        ))?;
        let letter = letter(&scene.puppet("romeo"));
        let reply = scene
            .lmtp()?
            .send(&address, letter.recipient(), &letter.from(&address)?)?;
        ensure!(reply.is_good(), "{reply:?}");
        if number == 0 {
            show_service(&mut verona)?;
        }

        // The service serves users only; so the gateway asks in Romeo's name, and is refused inside of a result.
        let own = verona.expect("a request of its own", |it| asks(it, SERVICE, UPLOAD))?;
        verona.refuse(&own, "forbidden")?;
        let asked = verona.expect("a request in his name", |it| asks(it, &romeo, PRIVILEGE))?;
        let inner = asked
            .child("privileged_iq")
            .and_then(|it| it.child_in("iq", "jabber:client"));
        let inner = inner.with_context(|| asked.written().to_owned())?;
        ensure!(
            (inner.attr("from"), inner.attr("to")) == (romeo.as_str(), SERVICE) && inner.child("request").is_some(),
            "{}",
            asked.written()
        );
        verona.answer(
            &asked,
            &format!(
                "<privilege xmlns='{PRIVILEGE}'><forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='error' \
                 id='{}' from='{SERVICE}' to='{romeo}'><error type='auth'><forbidden \
                 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq></forwarded></privilege>",
                inner.attr("id")
            ),
        )?;

        // That is a no, and not something to try again: the words come at once, with the reason.
        let words = verona.expect("the words, or another try", |it| {
            it.child("body").is_some() || asks(it, SERVICE, UPLOAD)
        })?;
        ensure!(
            words.text_of("body").contains("vial.png")
                && words.text_of("body").contains("your server has no place for it"),
            "{}",
            words.written()
        );
    }
    Ok(())
}
