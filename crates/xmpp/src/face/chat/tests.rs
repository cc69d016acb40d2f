use super::*;
use crate::cast::nurse::Nurse;
use crate::cast::{DOMAIN, NOW, Props, stanza};
use crate::reception::Reception;
use std::sync::Arc;

const ROMEO: &str = "romeo@verona.example/balcony";

/// Romeo chats with the gateway, and the Nurse runs his errands.
struct Scene {
    nurse: Arc<Nurse>,
    reception: Reception,
}

impl Scene {
    fn open() -> Self {
        let (nurse, face) = Nurse::serving(&Props::new());
        Self {
            nurse,
            reception: Reception::new(face, false),
        }
    }

    async fn receive(&mut self, message: &Element) -> Vec<Element> {
        let Deeds { mut answers, later, .. } = self.reception.receive(message);
        if let Some(later) = later {
            answers.extend(later.await);
        }
        answers.iter().map(|answer| answer.element().clone()).collect()
    }

    async fn message(&mut self, attributes: &str, content: &str) -> Vec<Element> {
        let message = format!("<message to='{DOMAIN}' id='1' {attributes}>{content}</message>");
        self.receive(&stanza(&message)).await
    }

    /// Says something as Romeo and gives the words of the answer.
    async fn say(&mut self, words: &str) -> String {
        self.say_in("en", words).await
    }

    async fn say_in(&mut self, language: &str, words: &str) -> String {
        let attributes = format!("type='chat' xml:lang='{language}' from='{ROMEO}'");
        let answers = self.message(&attributes, &format!("<body>{words}</body>")).await;
        assert_eq!(answers.len(), 1);
        text_of(&answers[0], "body", ns::COMPONENT).unwrap_or_else(|| condition(&answers[0]))
    }
}

fn condition(answer: &Element) -> String {
    let error = answer.children().find(|child| child.name() == "error").unwrap();
    error.children().next().unwrap().name().to_owned()
}

#[tokio::test]
async fn help_lists_the_commands_in_the_askers_language() {
    let mut scene = Scene::open();
    let help = scene.say("Help").await;
    assert!(
        help.contains("• message (Carry a message)") && help.contains("• banish"),
        "{help}"
    );
    let hilfe = scene.say_in("de", "hilfe").await;
    assert!(hilfe.contains("• message (Botschaft überbringen)"), "{hilfe}");
}

#[tokio::test]
async fn a_command_and_its_values_can_be_said_in_one_breath() {
    let mut scene = Scene::open();
    assert_eq!(scene.say("message Farewell").await, "It is done.");
    assert_eq!(scene.nurse.errands(), ["message place=cell words=Farewell"]);
}

#[tokio::test]
async fn named_values_and_quotes_are_understood() {
    let mut scene = Scene::open();
    assert_eq!(scene.say("message \"God knows when\" cell").await, "It is done.");
    assert_eq!(
        scene.say("/message place=tomb words=Farewell sure=yes").await,
        "It is done."
    );
    assert_eq!(
        scene.nurse.errands(),
        [
            "message place=cell words=God knows when",
            "message place=tomb sure=true words=Farewell"
        ]
    );
}

#[tokio::test]
async fn what_is_missing_is_asked_question_by_question() {
    let mut scene = Scene::open();
    let question = scene.say("message place=tomb").await;
    assert!(
        question.starts_with("A message") && question.ends_with("The words"),
        "{question}"
    );
    let second = scene.say("Farewell").await;
    assert!(second.starts_with("To the tomb?"), "{second}");
    assert!(second.contains("(yes or no)"), "{second}");
    assert!(scene.say("perhaps").await.contains("(yes or no)"));
    assert!(scene.nurse.errands().is_empty());
    assert_eq!(scene.say("yes").await, "It is done.");
    assert_eq!(scene.nurse.errands(), ["message place=tomb sure=true words=Farewell"]);
}

#[tokio::test]
async fn a_question_can_be_left() {
    let mut scene = Scene::open();
    for word in ["cancel", "Abbrechen"] {
        scene.say("message").await;
        assert_eq!(scene.say(word).await, "Stopped; nothing was done.");
    }
    assert_eq!(scene.say("cancel").await, "There is nothing to stop.");
    assert!(scene.nurse.errands().is_empty());
}

#[tokio::test]
async fn help_in_the_middle_leaves_the_question_open() {
    let mut scene = Scene::open();
    scene.say("message").await;
    assert!(scene.say("help").await.ends_with("The words"));
    assert_eq!(scene.say("Farewell").await, "It is done.");
}

#[tokio::test]
async fn commands_are_known_by_what_they_are_called_too() {
    let mut scene = Scene::open();
    let gossip = scene.say_in("de", "klatsch").await;
    assert_eq!(
        gossip,
        "They say:\n• Who: Paris · What: a man of wax\n• Who: Tybalt · What: is angry"
    );
    assert!(scene.say_in("de", "Botschaft überbringen").await.contains("The words"));
    scene.say("cancel").await;
    scene.say("gossip 3").await;
    assert_eq!(scene.nurse.errands(), ["gossip", "gossip count=3"]);
}

#[tokio::test]
async fn a_secret_is_never_said_back() {
    let mut scene = Scene::open();
    let question = scene.say("banish").await;
    assert!(question.contains("stays in the history"), "{question}");
    assert!(!scene.say("the-ring").await.contains("the-ring"));
    assert_eq!(scene.nurse.errands(), ["banish token=the-ring"]);
}

#[tokio::test]
async fn an_address_is_told_its_jid() {
    let mut scene = Scene::open();
    assert_eq!(
        scene.say("Juliet@Capulet").await,
        "You reach Juliet@Capulet at juliet\\40capulet@pigeon.verona.example\n\
         xmpp:juliet%5C40capulet@pigeon.verona.example"
    );
}

#[tokio::test]
async fn what_means_nothing_is_answered_and_a_machine_is_stopped() {
    let mut scene = Scene::open();
    for _ in 0..5 {
        let answer = scene.say("Wherefore art thou?").await;
        assert!(answer.contains("`help`"), "{answer}");
    }
    assert_eq!(scene.say("Wherefore art thou?").await, "feature-not-implemented");
    scene.say("help").await;
    assert!(scene.say("Wherefore art thou?").await.contains("`help`"));
}

#[tokio::test]
async fn each_client_has_a_conversation_of_its_own() {
    let mut scene = Scene::open();
    scene.say("message").await;
    let elsewhere = "type='chat' from='romeo@verona.example/orchard'";
    let answer = scene.message(elsewhere, "<body>Farewell</body>").await;
    let words = text_of(&answer[0], "body", ns::COMPONENT).unwrap();
    assert!(words.contains("`help`"), "{words}");
    assert!(scene.nurse.errands().is_empty());
}

#[tokio::test]
async fn a_receipt_comes_for_who_asked_and_the_answer_looks_like_the_question() {
    let mut scene = Scene::open();
    let said = "<body>gossip</body><thread>t1</thread><request xmlns='urn:xmpp:receipts'/>";
    let answers = scene
        .message(&format!("type='chat' xml:lang='de' from='{ROMEO}'"), said)
        .await;
    let [receipt, answer] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    let received = receipt.children().next().unwrap();
    assert!(received.is("received", ns::RECEIPTS));
    assert_eq!(received.attr("id"), Some("1"));
    assert_eq!((answer.attr("from"), answer.attr("to")), (Some(DOMAIN), Some(ROMEO)));
    assert_eq!(answer.attr("type"), Some("chat"));
    assert_eq!(text_of(answer, "thread", ns::COMPONENT).as_deref(), Some("t1"));
    let body = answer.children().find(|child| child.name() == "body").unwrap();
    assert_eq!(body.attr_ns(&minidom::rxml::Namespace::XML, "lang"), Some("de"));
    let plain = scene.message(&format!("from='{ROMEO}'"), "<body>gossip</body>").await;
    assert_eq!(plain[0].attr("type"), Some("normal"));
}

#[tokio::test]
async fn nobody_gives_orders_but_the_user_himself() {
    let mut scene = Scene::open();
    let body = "<body>gossip</body>";
    let carbon = format!(
        "{body}<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
         <message from='{ROMEO}' xmlns='jabber:client'>{body}</message></forwarded></received>"
    );
    let copy = format!("{body}<result xmlns='urn:xmpp:mam:2' id='1'/>");
    let through_a_room = format!("{body}<x xmlns='http://jabber.org/protocol/muc#user'/>");
    let sealed = format!("{body}<encrypted xmlns='eu.siacs.conversations.axolotl'/>");
    for (attributes, content, expected) in [
        (format!("type='chat' from='{ROMEO}'"), carbon.as_str(), ""),
        (format!("type='chat' from='{ROMEO}'"), copy.as_str(), ""),
        (
            format!("type='chat' from='{ROMEO}'"),
            through_a_room.as_str(),
            "not-allowed",
        ),
        (format!("type='chat' from='{ROMEO}'"), sealed.as_str(), "not-acceptable"),
        (format!("type='groupchat' from='{ROMEO}'"), body, "service-unavailable"),
        (format!("type='headline' from='{ROMEO}'"), body, ""),
        ("type='chat' from='verona.example'".to_owned(), body, "not-allowed"),
        (
            "type='chat' from='mallory@evil.example/x'".to_owned(),
            body,
            "forbidden",
        ),
        (
            "type='chat' from='tybalt@verona.example/x'".to_owned(),
            body,
            "forbidden",
        ),
        (
            "type='chat' from='juliet\\40capulet@pigeon.verona.example'".to_owned(),
            body,
            "",
        ),
    ] {
        let answers = scene.message(&attributes, content).await;
        let said: Vec<String> = answers.iter().map(condition).collect();
        assert_eq!(said.join(" "), expected, "{attributes} {content}");
    }
    assert!(scene.nurse.errands().is_empty());
}

#[tokio::test]
async fn what_is_found_in_an_archive_is_not_done_unasked() {
    let mut scene = Scene::open();
    let message = stanza(&format!(
        "<message type='chat' id='1' from='{ROMEO}' to='{DOMAIN}'><body>gossip</body></message>"
    ));
    let Deeds { answers, later, .. } = scene.reception.receive_found(&message, NOW);
    assert!(later.is_none());
    assert!(answers[0].is_refused_message());
    assert!(scene.nurse.errands().is_empty());
}
