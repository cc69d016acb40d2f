use super::*;
use crate::cast::{DOMAIN, Props, parcel, romeo};
use crate::link::line::{Fate, State, line};
use crate::xml::text_of;
use causeway_core::message::{Payload, Text};
use causeway_core::text::Body;
use futures::future::{Either, select};

#[test]
fn the_gateways_own_picture_is_one() {
    assert_eq!(icon().unwrap().side(), 64);
}

/// Lets Juliet write to Romeo, and gives the hashes of the presences that he is sent meanwhile.
async fn writes(props: &Props) -> Vec<String> {
    let (line, mut desk) = line();
    desk.set(State::Up);
    let face = Face { line, ..props.face() };
    let words = parcel(Payload::Text(Text::plain(Body::clean("Good night").unwrap())));
    let mut hashes = Vec::new();
    let mut work = Box::pin(face.show_picture(&words));
    loop {
        let order = match select(work.as_mut(), Box::pin(desk.orders.recv())).await {
            Either::Left(_) => return hashes,
            Either::Right((order, _)) => order.unwrap(),
        };
        for stanza in &order.stanzas {
            let update = stanza
                .element()
                .children()
                .find(|child| child.is("x", ns::VCARD_UPDATE));
            hashes.push(text_of(update.unwrap(), "photo", ns::VCARD_UPDATE).unwrap());
        }
        order.proof.send(Fate::Taken).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_picture_is_told_once_to_who_added_the_contact() {
    let props = Props::new();
    assert!(writes(&props).await.is_empty(), "Romeo has not added her");

    let local = "juliet\\40capulet";
    crate::face::tests::add(&props, &[local]);
    let face = props.face();
    let picture = of(&face, &romeo(), Some(&crate::cast::juliet())).unwrap();
    assert_eq!(writes(&props).await, [hash(&picture)]);
    assert!(writes(&props).await.is_empty(), "it has not changed");

    let before = format!("picture/{DOMAIN}/romeo@verona.example/{local}");
    props.paper.rows.lock().unwrap().insert(before, b"0123".to_vec());
    assert_eq!(writes(&props).await, [hash(&picture)], "it has changed");

    let (_, rows) = face.shelf.left(face.house.memory.as_ref(), &romeo());
    assert!(
        rows.iter().any(|row| row.key.starts_with("picture/")),
        "nothing stays when he goes"
    );
}
