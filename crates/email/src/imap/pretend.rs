//! A pretend IMAP server for tests: one mailbox, few commands, and a line that can break before any of them.

use std::sync::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The server with its mailbox.
pub(crate) struct Pretend {
    listener: TcpListener,
    pub(crate) mailbox: Mutex<Mailbox>,
    /// What it offers besides the least.
    pub(crate) capabilities: &'static str,
}

/// What lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) mails: Vec<Lying>,
    /// The other mailboxes.
    pub(crate) folders: Vec<String>,
    /// What was moved away, with its target.
    pub(crate) moved: Vec<(u32, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lying {
    pub(crate) uid: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: Vec<String>,
    /// Seconds within the hour in which all of this happens.
    pub(crate) at: u32,
}

impl Pretend {
    pub(crate) async fn open() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            mailbox: Mutex::new(Mailbox {
                uid_validity: 1,
                uid_next: 1,
                mails: Vec::new(),
                folders: vec!["Archive".to_owned()],
                moved: Vec::new(),
            }),
            capabilities: "IDLE UIDPLUS MOVE",
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// A mail comes into the mailbox.
    pub(crate) fn put(&self, mail: &str) -> u32 {
        let mut mailbox = self.mailbox.lock().unwrap();
        let uid = mailbox.uid_next;
        mailbox.uid_next += 1;
        mailbox.mails.push(Lying {
            uid,
            bytes: mail.replace('\n', "\r\n").into_bytes(),
            flags: Vec::new(),
            at: uid,
        });
        uid
    }

    pub(crate) fn flags(&self, uid: u32) -> Vec<String> {
        let mailbox = self.mailbox.lock().unwrap();
        let mail = mailbox.mails.iter().find(|mail| mail.uid == uid);
        mail.map(|mail| mail.flags.clone()).unwrap_or_default()
    }

    /// Serves connections until a client waits for news (`true`), or until `commands` were obeyed (`false`): then the
    /// line breaks before the next one is.
    pub(crate) async fn serve(&self, mut commands: usize) -> bool {
        loop {
            let (stream, _) = self.listener.accept().await.unwrap();
            if let Some(idle) = self.converse(stream, &mut commands).await {
                return idle;
            }
        }
    }

    async fn converse(&self, stream: TcpStream, commands: &mut usize) -> Option<bool> {
        stream.set_nodelay(true).unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(b"* OK ready\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            if *commands == 0 {
                return Some(false);
            }
            *commands -= 1;
            let (tag, command) = line.split_once(' ').unwrap();
            if command == "IDLE" {
                return Some(true);
            }
            let (mut answer, end) = match self.lacks_mailbox(command) {
                true => (Vec::new(), "NO [TRYCREATE] There is no such \"mailbox\""),
                false => (self.obey(command), "OK done"),
            };
            answer.extend_from_slice(format!("{tag} {end}\r\n").as_bytes());
            writer.write_all(&answer).await.unwrap();
        }
        None
    }

    fn lacks_mailbox(&self, command: &str) -> bool {
        let words: Vec<&str> = command.splitn(4, ' ').collect();
        let (["UID", "MOVE", _, name] | ["STATUS", name, ..]) = words[..] else {
            return false;
        };
        let mailbox = self.mailbox.lock().unwrap();
        !mailbox.folders.iter().any(|folder| folder == name.trim_matches('"'))
    }

    fn obey(&self, command: &str) -> Vec<u8> {
        let mut mailbox = self.mailbox.lock().unwrap();
        let words: Vec<&str> = command.splitn(4, ' ').collect();
        match words[..] {
            ["CAPABILITY"] => format!("* CAPABILITY IMAP4rev1 {}\r\n", self.capabilities).into_bytes(),
            ["SELECT", ..] => mailbox.selected(),
            ["UID", "FETCH", set, what] => mailbox.fetch(set, what),
            ["UID", "STORE", set, flags] => mailbox.store(set, flags),
            ["UID", "MOVE", set, target] => mailbox.moves(set, target),
            ["UID", "EXPUNGE", ..] => mailbox.expunge(),
            ["CREATE", name] => {
                mailbox.folders.push(name.trim_matches('"').to_owned());
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}

impl Mailbox {
    fn selected(&self) -> Vec<u8> {
        format!(
            "* {} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY {}] x\r\n* OK [UIDNEXT {}] x\r\n",
            self.mails.len(),
            self.uid_validity,
            self.uid_next
        )
        .into_bytes()
    }

    fn fetch(&self, set: &str, what: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, mail) in self.mails.iter().enumerate() {
            if !holds(set, mail.uid, self.last()) {
                continue;
            }
            let head = format!("* {} FETCH (UID {} ", at + 1, mail.uid);
            out.extend_from_slice(head.as_bytes());
            if what.contains("RFC822.SIZE") {
                let (minute, second) = (mail.at / 60, mail.at % 60);
                let date = format!("14-Nov-2023 22:{minute:02}:{second:02} +0000");
                out.extend_from_slice(format!("RFC822.SIZE {} INTERNALDATE \"{date}\"", mail.bytes.len()).as_bytes());
            } else {
                let header = what.contains("HEADER");
                let end = mail.bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
                let part = if header { &mail.bytes[..end] } else { &mail.bytes[..] };
                let section = if header { "BODY[HEADER]<0>" } else { "BODY[]<0>" };
                out.extend_from_slice(format!("{section} {{{}}}\r\n", part.len()).as_bytes());
                out.extend_from_slice(part);
            }
            out.extend_from_slice(b")\r\n");
        }
        out
    }

    fn store(&mut self, set: &str, flags: &str) -> Vec<u8> {
        let last = self.last();
        let flag = flags.split('\\').nth(1).unwrap().trim_end_matches(')').to_owned();
        for mail in self.mails.iter_mut().filter(|mail| holds(set, mail.uid, last)) {
            if !mail.flags.contains(&flag) {
                mail.flags.push(flag.clone());
            }
        }
        Vec::new()
    }

    fn moves(&mut self, set: &str, target: &str) -> Vec<u8> {
        let last = self.last();
        let (gone, stay) = std::mem::take(&mut self.mails)
            .into_iter()
            .partition(|mail| holds(set, mail.uid, last));
        self.mails = stay;
        let gone: Vec<Lying> = gone;
        self.moved.extend(
            gone.into_iter()
                .map(|mail| (mail.uid, target.trim_matches('"').to_owned())),
        );
        Vec::new()
    }

    fn expunge(&mut self) -> Vec<u8> {
        self.mails
            .retain(|mail| !mail.flags.iter().any(|flag| flag == "Deleted"));
        Vec::new()
    }

    fn last(&self) -> u32 {
        self.mails.last().map_or(0, |mail| mail.uid)
    }
}

fn holds(set: &str, uid: u32, last: u32) -> bool {
    set.split(',').any(|range| {
        let (first, end) = range.split_once(':').unwrap_or((range, range));
        let number = |word: &str| if word == "*" { last } else { word.parse().unwrap() };
        let (first, end) = (number(first), number(end));
        (first.min(end)..=first.max(end)).contains(&uid)
    })
}
