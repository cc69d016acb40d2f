//! The bytes after DATA: where the mail ends, its dots undone, and whether its lines are lines.

/// A mail as it comes in (RFC 5321 section 4.5.2).
#[derive(Debug)]
pub(crate) struct Content {
    mail: Vec<u8>,
    limit: usize,
    place: Place,
    trouble: Option<Trouble>,
}

/// Why a mail is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A CR or LF alone: the sender and we could see different ends of the mail (CVE-2023-51764).
    LooseLineEnd,
    /// Larger than the limit.
    TooLarge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    LineStart,
    Dot,
    DotCr,
    Text,
    Cr,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Content {
    /// Nothing yet, and at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            mail: Vec::new(),
            limit,
            place: Place::LineStart,
            trouble: None,
        }
    }

    /// Takes bytes. The number of bytes up to and with the end of the mail, once it is there.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes
            .iter()
            .position(|byte| self.step(*byte))
            .map(|last| last.saturating_add(1))
    }

    /// The mail, once its end is there.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Trouble> {
        match self.trouble {
            None => Ok(self.mail),
            Some(trouble) => Err(trouble),
        }
    }

    /// Goes on by one byte; `true` at the end of the mail, which is CR LF `.` CR LF and nothing else.
    fn step(&mut self, byte: u8) -> bool {
        self.place = match (self.place, byte) {
            (Place::DotCr, b'\n') => return true,
            (Place::Cr, b'\n') => {
                self.keep(b"\r\n");
                Place::LineStart
            }
            (Place::DotCr | Place::Cr, _) => {
                self.trouble(Trouble::LooseLineEnd);
                self.plain(byte)
            }
            (Place::LineStart, b'.') => Place::Dot,
            (Place::Dot, b'\r') => Place::DotCr,
            (_, b'\n') => {
                self.trouble(Trouble::LooseLineEnd);
                Place::Text
            }
            _ => self.plain(byte),
        };
        false
    }

    fn plain(&mut self, byte: u8) -> Place {
        if byte == b'\r' {
            return Place::Cr;
        }
        self.keep(&[byte]);
        Place::Text
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.mail.len() + bytes.len() > self.limit {
            self.trouble(Trouble::TooLarge);
        }
        if self.trouble.is_none() {
            self.mail.extend_from_slice(bytes);
        }
    }

    fn trouble(&mut self, trouble: Trouble) {
        self.trouble.get_or_insert(trouble);
        self.mail = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wire: &[u8], expect: Result<&str, Trouble>) {
        let mut content = Content::new(100);
        let end = content.take(wire);
        assert_eq!(end, Some(wire.len()), "{}", wire.escape_ascii());
        let got = content.finish().map(|mail| String::from_utf8(mail).unwrap());
        assert_eq!(
            got.as_deref().map_err(|trouble| *trouble),
            expect,
            "{}",
            wire.escape_ascii()
        );
    }

    #[test]
    fn the_dots_of_the_sender_are_undone() {
        check(
            b"Subject: x\r\n\r\n..\r\n...a\r\n.\r\n",
            Ok("Subject: x\r\n\r\n.\r\n..a\r\n"),
        );
        check(b".\r\n", Ok(""));
        check(b".a\r\n.\r\n", Ok("a\r\n"));
    }

    #[test]
    fn none_of_the_smuggled_ends_is_an_end() {
        for end in [
            "\n.\n",
            "\n.\r\n",
            "\r.\r",
            "\r\n.\n",
            "\r\n.\r",
            "\n.\r",
            "\r.\r\n",
            "\r\r\n.\r\r\n",
            "\0\n.\r\n",
        ] {
            let wire = format!("To: x\r\n\r\nfirst{end}MAIL FROM:<evil@example.com>\r\n.\r\n");
            check(wire.as_bytes(), Err(Trouble::LooseLineEnd));
        }
    }

    #[test]
    fn what_is_too_large_is_read_to_its_end_and_not_kept() {
        let wire = format!("{}\r\n.\r\n", "x".repeat(1000));
        check(wire.as_bytes(), Err(Trouble::TooLarge));
    }

    #[test]
    fn the_end_is_found_however_the_bytes_are_cut() {
        let wire = b"a\r\n..b\r\n.\r\nQUIT\r\n";
        for cut in 0..12 {
            let mut content = Content::new(100);
            let (head, tail) = wire.split_at(cut);
            let end = content.take(head).or_else(|| content.take(tail).map(|end| end + cut));
            assert_eq!(end, Some(11), "cut at {cut}");
            assert_eq!(content.finish().unwrap(), b"a\r\n.b\r\n");
        }
    }
}
