//! A mail server inside this process that takes everything and notes when each mail was whole.

use crate::bench::course::{Course, Token};
use anyhow::Result;
use causeway_tests::servers::ports;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Whether it serves or lets its clients wait for a greeting that never comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It serves.
    Serving,
    /// It takes connections and says nothing.
    Silent,
}

/// The server; it lives as long as this process.
pub(crate) struct Sink {
    /// Where it listens.
    pub(crate) port: u16,
    /// What came.
    pub(crate) course: Arc<Course>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Sink {
    /// Opens one on a free port.
    pub(crate) fn open(manner: Manner) -> Result<Self> {
        let port = ports::free()?;
        let listener = TcpListener::bind(ports::at(port))?;
        let course = Arc::new(Course::default());
        let noted = Arc::clone(&course);
        thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming().flatten() {
                match manner {
                    Manner::Silent => silent.push(stream),
                    Manner::Serving => {
                        let noted = Arc::clone(&noted);
                        thread::spawn(move || serve(&stream, &noted));
                    }
                }
            }
        });
        Ok(Self { port, course })
    }
}

/// One connection, until the client has enough of it (RFC 5321). What is wrong ends it.
fn serve(stream: &TcpStream, course: &Course) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream.try_clone().ok()?);
    let mut out = String::from("220 sink ESMTP\r\n");
    let mut line = String::new();
    loop {
        // Replies to commands that came together go out together (RFC 2920).
        if reader.buffer().is_empty() {
            let mut stream = stream;
            stream.write_all(std::mem::take(&mut out).as_bytes()).ok()?;
        }
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => out.push_str("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250 SIZE 52428800\r\n"),
            "DATA" => {
                let mut stream = stream;
                out.push_str("354 go on\r\n");
                stream.write_all(std::mem::take(&mut out).as_bytes()).ok()?;
                if let Some(token) = mail(&mut reader)? {
                    course.got(token);
                }
                out.push_str("250 2.0.0 Ok\r\n");
            }
            "QUIT" => {
                let mut stream = stream;
                stream.write_all(b"221 bye\r\n").ok()?;
                return Some(());
            }
            _ => out.push_str("250 2.0.0 Ok\r\n"),
        }
    }
}

/// Reads a mail to its end: the last token in it, if there is one.
fn mail(reader: &mut impl BufRead) -> Option<Option<Token>> {
    let mut found = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(found);
        }
        found = Token::find(&String::from_utf8_lossy(&line)).or(found);
    }
}
