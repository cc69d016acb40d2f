//! A mail server inside the test, at an address of its own, that serves well, badly or hardly at all.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The server; it lives as long as the test.
#[derive(Clone)]
pub struct Sink {
    state: Arc<Mutex<State>>,
}

/// How it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything.
    Serving,
    /// It takes no recipient for the time being (450).
    Later,
    /// It greets with one byte each second.
    Tarpit,
}

struct State {
    manner: Manner,
    tries: usize,
    mails: Vec<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Sink {
    /// Opens one.
    pub fn open(address: Ipv4Addr, port: u16, manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind((address, port)).with_context(|| format!("{address}:{port}"))?;
        let sink = Self {
            state: Arc::new(Mutex::new(State {
                manner,
                tries: 0,
                mails: Vec::new(),
            })),
        };
        let served = sink.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = served.clone();
                thread::spawn(move || sink.serve(stream));
            }
        });
        Ok(sink)
    }

    /// From now on it serves like this.
    pub fn turn(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// How many times somebody has named a recipient, or waited for the greeting in the tarpit.
    pub fn tries(&self) -> usize {
        self.state().tries
    }

    /// The mails that it took, as they came.
    pub fn mails(&self) -> Vec<String> {
        self.state().mails.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One connection, until the client has enough of it (RFC 5321). What is wrong ends it.
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?);
        let manner = self.state().manner;
        if manner == Manner::Tarpit {
            self.state().tries += 1;
        }
        for byte in b"220 sink ESMTP\r\n" {
            if manner == Manner::Tarpit {
                thread::sleep(Duration::from_secs(1));
            }
            stream.write_all(&[*byte]).ok()?;
        }
        loop {
            let line = read_line(&mut lines)?;
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let reply = match verb.as_str() {
                "RCPT" => self.judge(),
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").ok()?;
                    self.take(&mut lines)?;
                    "250 2.0.0 taken"
                }
                "QUIT" => return stream.write_all(b"221 bye\r\n").ok(),
                _ => "250 2.0.0 so be it",
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).ok()?;
        }
    }

    fn judge(&self) -> &'static str {
        let mut state = self.state();
        state.tries += 1;
        match state.manner {
            Manner::Later => "450 4.2.0 come again",
            Manner::Serving | Manner::Tarpit => "250 2.1.5 welcome",
        }
    }

    fn take(&self, lines: &mut impl BufRead) -> Option<()> {
        let mut mail = String::new();
        loop {
            let line = read_line(lines)?;
            if line == ".\r\n" {
                self.state().mails.push(mail);
                return Some(());
            }
            mail.push_str(&line);
        }
    }
}

fn read_line(lines: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let read = lines.read_until(b'\n', &mut line).ok()?;
    (read > 0).then(|| String::from_utf8_lossy(&line).into_owned())
}
