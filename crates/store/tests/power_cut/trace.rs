//! Reads what `strace` saw: which file got which bytes when, and when somebody was told.

use std::collections::BTreeMap;
use std::path::Path;

/// The system calls to record.
pub(crate) const CALLS: &str =
    "trace=openat,close,write,pwrite64,fsync,fdatasync,ftruncate,fallocate,rename,renameat,renameat2,unlink,unlinkat";

/// One thing that happened, in order. Files are named by their path below the store.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A file was opened to be written, and made when it was missing.
    Opened { file: String },
    /// Bytes were handed to the system.
    Written { file: String, at: u64, bytes: Vec<u8> },
    /// Everything written to a file before `begun` became durable; `ours` by the barrier, not by sled itself.
    Synced { file: String, begun: usize, ours: bool },
    /// A file was cut or grown.
    Resized { file: String, len: u64 },
    /// A file got another name.
    Renamed { from: String, to: String },
    /// A file was removed.
    Removed { file: String },
    /// The writer told somebody that this message is taken.
    Acknowledged { number: u64 },
}

/// An open file.
struct Open {
    file: String,
    at: u64,
}

/// What is known while reading the record.
struct Reader<'a> {
    store: &'a str,
    open: BTreeMap<u64, Open>,
    /// Calls that have begun in a thread and not ended: how many things had happened then, and their text so far.
    begun: BTreeMap<&'a str, (usize, String)>,
    happened: Vec<Happening>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Reads a whole record.
pub(crate) fn read(log: &str, store: &Path) -> Vec<Happening> {
    let store = store.to_str().unwrap();
    let mut reader = Reader {
        store,
        open: BTreeMap::new(),
        begun: BTreeMap::new(),
        happened: Vec::new(),
    };
    for line in log.lines() {
        let (thread, rest) = line.split_once(' ').unwrap();
        reader.line(thread, rest.trim_start());
    }
    reader.happened
}

impl<'a> Reader<'a> {
    fn line(&mut self, thread: &'a str, line: &str) {
        if let Some(begun) = line.strip_suffix(" <unfinished ...>") {
            self.begun.insert(thread, (self.happened.len(), begun.to_owned()));
        } else if let Some(resumed) = line.strip_prefix("<... ") {
            let (begun, mut text) = self.begun.remove(thread).unwrap();
            text.push_str(resumed.split_once(" resumed>").unwrap().1);
            self.call(begun, &text);
        } else if !line.starts_with("---") && !line.starts_with("+++") {
            self.call(self.happened.len(), line);
        }
    }

    /// One call that ended, `begun` when so many things had happened.
    fn call(&mut self, begun: usize, call: &str) {
        let (call, result) = call.rsplit_once(" = ").unwrap();
        let Ok(result) = result.split(' ').next().unwrap().parse::<u64>() else {
            return;
        };
        let (name, args) = call.trim_end().trim_end_matches(')').split_once('(').unwrap();
        let args: Vec<&str> = args.split(", ").collect();
        let file = |n: usize| {
            args.get(n)?
                .parse()
                .ok()
                .and_then(|fd: u64| self.open.get(&fd))
                .map(|o| o.file.clone())
        };
        match name {
            "openat" => self.opened(&text(args[1]), args[2], result),
            "close" => drop(args[0].parse().ok().and_then(|fd: u64| self.open.remove(&fd))),
            "write" => self.written(args[0], args[1], None, result),
            "pwrite64" => self.written(args[0], args[1], args[3].parse().ok(), result),
            "fsync" | "fdatasync" => {
                let ours = name == "fdatasync";
                self.happened
                    .extend(file(0).map(|file| Happening::Synced { file, begun, ours }));
            }
            "ftruncate" => {
                let len = args[1].parse().unwrap();
                self.happened
                    .extend(file(0).map(|file| Happening::Resized { file, len }));
            }
            "rename" => {
                let (from, to) = (self.below(&text(args[0])), self.below(&text(args[1])));
                self.happened
                    .extend(from.zip(to).map(|(from, to)| Happening::Renamed { from, to }));
            }
            "unlink" => self
                .happened
                .extend(self.below(&text(args[0])).map(|file| Happening::Removed { file })),
            other => assert!(!call.contains(self.store), "the replay does not know {other}"),
        }
    }

    fn opened(&mut self, path: &str, flags: &str, fd: u64) {
        self.open.remove(&fd);
        let Some(file) = self.below(path) else { return };
        if !flags.contains("O_DIRECTORY") {
            if !flags.contains("O_RDONLY") {
                self.happened.push(Happening::Opened { file: file.clone() });
            }
            self.open.insert(fd, Open { file, at: 0 });
        }
    }

    /// Bytes went to a file, at a given place or behind the last ones through the same descriptor.
    fn written(&mut self, fd: &str, bytes: &str, at: Option<u64>, count: u64) {
        let Some(open) = fd.parse().ok().and_then(|fd: u64| self.open.get_mut(&fd)) else {
            return;
        };
        let mut bytes = unescaped(bytes);
        bytes.truncate(usize::try_from(count).unwrap());
        if open.file == super::writer::RECEIPTS {
            let number = std::str::from_utf8(&bytes).unwrap().trim().parse().unwrap();
            self.happened.push(Happening::Acknowledged { number });
            return;
        }
        let place = at.unwrap_or(open.at);
        if at.is_none() {
            open.at += count;
        }
        self.happened.push(Happening::Written {
            file: open.file.clone(),
            at: place,
            bytes,
        });
    }

    /// The path below the store, of a path that lies there.
    fn below(&self, path: &str) -> Option<String> {
        path.strip_prefix(self.store)?.strip_prefix('/').map(str::to_owned)
    }
}

fn text(quoted: &str) -> String {
    String::from_utf8(unescaped(quoted)).unwrap()
}

/// The bytes of a string as `strace -xx` writes it.
fn unescaped(quoted: &str) -> Vec<u8> {
    assert!(!quoted.ends_with("..."), "strace cut a string short");
    let hex = quoted.trim_matches('"').split("\\x").skip(1);
    hex.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}
