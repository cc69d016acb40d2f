use super::*;
use crate::house::{NOW, Rooms, jid, juliet, words};
use crate::read::Authenticated;
use crate::verdict::Verdict;
use causeway_core::envelope::EnvelopeId;
use causeway_core::message::MessageRef;

struct Cast {
    rooms: Arc<Rooms>,
    threads: Threads,
    user: BareJid,
    contact: ForeignId,
}

fn cast() -> Cast {
    let rooms = Rooms::open();
    Cast {
        threads: Threads::new(rooms.clone(), Duration::from_secs(3600)),
        user: jid("romeo@example.org"),
        contact: juliet().contact().unwrap().id.clone(),
        rooms,
    }
}

impl Cast {
    fn pair(&self) -> Pair<'_> {
        Pair {
            user: &self.user,
            contact: &self.contact,
        }
    }

    fn keep(&self, rows: Vec<Row>) {
        let mut kept = self.rooms.rows.lock().unwrap();
        for row in rows {
            match row.value {
                Some(value) => kept.insert(row.key, value),
                None => kept.remove(&row.key),
            };
        }
    }

    /// Juliet's mail with this id comes in.
    fn hear(&self, id: &str, references: &[&str], subject: &str, thread: Option<&str>) {
        let mut text = words("Good night");
        text.subject = Line::clean(subject);
        text.sender_name = Line::clean("Juliet");
        let mail = IncomingMail {
            from: self.contact.clone(),
            from_spelled: "Juliet@Example.com".into(),
            text,
            reaction: Vec::new(),
            lang: None,
            message_id: id.into(),
            in_reply_to: Vec::new(),
            references: references.iter().map(|id| (*id).to_owned()).collect(),
            hops: Vec::new(),
            authenticated: Authenticated::Unknown,
            said_at: None,
            verdict: Verdict::default(),
            files: Vec::new(),
        };
        let thread = thread.and_then(Line::clean);
        self.keep(self.threads.heard(self.pair(), &mail, thread.as_ref(), NOW));
    }

    /// What Romeo's next line continues, `later` seconds on.
    fn next(&self, thread: Option<&str>, answers: Option<&str>, later: u64) -> Next {
        let thread = thread.and_then(Line::clean);
        let now = NOW.plus(Duration::from_secs(later));
        self.threads.next(self.pair(), thread.as_ref(), answers, now)
    }
}

fn head(subject: Option<&str>, answered: Option<&str>, references: &[&str]) -> ThreadHead {
    ThreadHead {
        subject: subject.and_then(Line::clean),
        in_reply_to: answered.map(str::to_owned),
        references: references.iter().map(|id| (*id).to_owned()).collect(),
    }
}

#[test]
fn the_first_line_begins_a_thread() {
    assert_eq!(cast().next(None, None, 0), Next::default());
}

#[test]
fn a_line_continues_the_last_mail_and_its_spelling() {
    let cast = cast();
    cast.hear("1@example.com", &[], "The balcony", Some("t"));
    cast.hear("2@example.com", &["1@example.com"], "The balcony", Some("t"));
    let next = cast.next(None, None, 60);
    let references = ["1@example.com", "2@example.com"];
    assert_eq!(next.head, head(Some("The balcony"), Some("2@example.com"), &references));
    assert_eq!(next.spelled.as_deref(), Some("Juliet@Example.com"));
    assert_eq!(next.name, Line::clean("Juliet"));
}

#[test]
fn after_a_long_rest_a_line_begins_a_thread() {
    let cast = cast();
    cast.hear("1@example.com", &[], "The balcony", Some("t"));
    let next = cast.next(None, None, 3600);
    assert_eq!(next.head, ThreadHead::default());
    assert_eq!(next.spelled.as_deref(), Some("Juliet@Example.com"));
}

#[test]
fn a_line_in_a_thread_continues_that_thread_however_old() {
    let cast = cast();
    cast.hear("1@example.com", &[], "The balcony", Some("balcony"));
    cast.hear("2@example.com", &[], "The tomb", Some("tomb"));
    let next = cast.next(Some("balcony"), None, 100_000);
    assert_eq!(
        next.head,
        head(Some("The balcony"), Some("1@example.com"), &["1@example.com"])
    );
    assert_eq!(cast.next(Some("poison"), None, 0).head, ThreadHead::default());
}

#[test]
fn an_answer_continues_what_it_answers() {
    let cast = cast();
    cast.hear("2@example.com", &["1@example.com"], "The balcony", None);
    let next = cast.next(None, Some("1@example.com"), 0);
    assert_eq!(
        next.head,
        head(Some("The balcony"), Some("1@example.com"), &["1@example.com"])
    );
    let next = cast.next(None, Some("unknown@example.com"), 0);
    assert_eq!(next.head.references, ["unknown@example.com"]);
}

#[test]
fn what_romeo_said_is_continued_too() {
    let cast = cast();
    let next = cast.next(None, None, 0);
    let mail = Said {
        id: "a@mail.example.org".into(),
        subject: Line::clean("But soft"),
        at: NOW,
    };
    cast.keep(cast.threads.said(cast.pair(), &next, mail, None));
    let next = cast.next(None, None, 1);
    assert_eq!(
        next.head,
        head(Some("But soft"), Some("a@mail.example.org"), &["a@mail.example.org"])
    );
    let mail = Said {
        id: "b@mail.example.org".into(),
        subject: Line::clean("Re: But soft"),
        at: NOW,
    };
    cast.keep(cast.threads.said(cast.pair(), &next, mail, None));
    let references = ["a@mail.example.org", "b@mail.example.org"];
    assert_eq!(
        cast.next(None, None, 1).head,
        head(Some("But soft"), Some("b@mail.example.org"), &references)
    );
}

#[test]
fn of_a_long_thread_the_first_and_the_last_ids_stay() {
    let cast = cast();
    let ids: Vec<String> = (0..40).map(|n| format!("{n}@example.com")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    cast.hear("40@example.com", &ids, "Long", None);
    let references = cast.next(None, None, 0).head.references;
    assert_eq!(references.len(), REFERENCES + 2);
    assert_eq!(references.first().map(String::as_str), Some("0@example.com"));
    assert_eq!(references.get(1).map(String::as_str), Some("30@example.com"));
    assert_eq!(references.last().map(String::as_str), Some("40@example.com"));
}

#[test]
fn a_pair_keeps_so_many_threads_and_no_more() {
    let cast = cast();
    for n in 0..200 {
        cast.hear(&format!("{n}@example.com"), &[], "x", Some(&format!("thread {n}")));
    }
    assert_eq!(cast.rooms.rows.lock().unwrap().len(), THREADS + 1);
}

#[test]
fn all_mails_of_a_thread_have_one_word() {
    let cast = cast();
    let mail = |id: &str, references: &[&str]| IncomingMail {
        from: cast.contact.clone(),
        from_spelled: String::new(),
        text: words("x"),
        reaction: Vec::new(),
        lang: None,
        message_id: id.into(),
        in_reply_to: references.last().map(|id| (*id).to_owned()).into_iter().collect(),
        references: references.iter().map(|id| (*id).to_owned()).collect(),
        hops: Vec::new(),
        authenticated: Authenticated::Unknown,
        said_at: None,
        verdict: Verdict::default(),
        files: Vec::new(),
    };
    let root = word(&mail("1@example.com", &[]));
    assert_eq!(word(&mail("3@example.com", &["1@example.com", "2@example.com"])), root);
    assert_ne!(word(&mail("9@example.com", &[])), root);
}

#[test]
fn an_id_that_was_made_here_is_not_answered() {
    let theirs = |id: &str| Quoted::Theirs(MessageRef::new(id).unwrap());
    assert_eq!(answered(Some(&theirs("a@b")), "x"), Some("a@b".into()));
    assert_eq!(answered(Some(&theirs("0123abc")), "x"), None);
    let id = EnvelopeId::from_random([1; 16]);
    assert_eq!(answered(Some(&Quoted::Ours(id)), "x"), Some(format!("{id}@x")));
}
