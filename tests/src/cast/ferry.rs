//! A port that leads to another one for as long as the ferry goes: servers seem to come and go without being touched.

use crate::servers::ports;
use anyhow::Result;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The ferry. Dropping it closes the port and breaks every connection.
pub struct Ferry {
    here: u16,
    stopped: Arc<AtomicBool>,
    passengers: Passengers,
}

type Passengers = Arc<Mutex<Vec<Passenger>>>;

/// One connection through the ferry.
struct Passenger {
    /// Whoever came, and where it went on to.
    ends: [TcpStream; 2],
    /// Nothing passes any more, not even the end of the connection, and nobody is told.
    is_sunk: Arc<AtomicBool>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ferry {
    /// Opens `here`; every connection to it goes on to `there`.
    pub fn open(here: u16, there: u16) -> Result<Self> {
        let listener = TcpListener::bind(ports::at(here))?;
        let ferry = Self {
            here,
            stopped: Arc::default(),
            passengers: Arc::default(),
        };
        let (stopped, passengers) = (Arc::clone(&ferry.stopped), Arc::clone(&ferry.passengers));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let _ = stream.and_then(|stream| carry(stream, there, &passengers));
            }
        });
        Ok(ferry)
    }

    /// From now on nothing passes on the connections that there are, and neither end learns of it; later ones are
    /// carried as ever.
    pub fn sink(&self) {
        for passenger in self.passengers().iter() {
            passenger.is_sunk.store(true, Ordering::SeqCst);
        }
    }

    /// Breaks the connections that were sunk, as a server does that finds out by itself.
    pub fn bury(&self) {
        self.passengers().retain(|passenger| {
            let is_sunk = passenger.is_sunk.load(Ordering::SeqCst);
            if is_sunk {
                passenger.land();
            }
            !is_sunk
        });
    }

    fn passengers(&self) -> MutexGuard<'_, Vec<Passenger>> {
        self.passengers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passenger {
    fn land(&self) {
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Ferry {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The listener sees the flag at its next connection.
        let _ = TcpStream::connect(ports::at(self.here));
        self.passengers().drain(..).for_each(|passenger| passenger.land());
    }
}

fn carry(stream: TcpStream, there: u16, passengers: &Mutex<Vec<Passenger>>) -> io::Result<()> {
    let onward = TcpStream::connect(ports::at(there))?;
    let is_sunk = Arc::default();
    let mut list = passengers.lock().unwrap_or_else(PoisonError::into_inner);
    list.push(Passenger {
        ends: [stream.try_clone()?, onward.try_clone()?],
        is_sunk: Arc::clone(&is_sunk),
    });
    pump(stream.try_clone()?, onward.try_clone()?, Arc::clone(&is_sunk));
    pump(onward, stream, is_sunk);
    Ok(())
}

fn pump(mut from: TcpStream, mut to: TcpStream, is_sunk: Arc<AtomicBool>) {
    thread::spawn(move || {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut bytes).unwrap_or(0);
            let passes = !is_sunk.load(Ordering::SeqCst);
            let whole = bytes.get(..read).unwrap_or_default();
            match read {
                0 if passes => return drop(to.shutdown(Shutdown::Write)),
                0 => return,
                _ if passes && to.write_all(whole).is_err() => return,
                _ => {}
            }
        }
    });
}
