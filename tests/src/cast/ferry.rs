//! A port that leads to another one for as long as the ferry goes: servers seem to come and go without being touched.

use crate::servers::ports;
use anyhow::Result;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The ferry. Dropping it closes the port and breaks every connection.
pub struct Ferry {
    here: u16,
    stopped: Arc<AtomicBool>,
    passengers: Arc<Mutex<Vec<TcpStream>>>,
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
}

impl Drop for Ferry {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The listener sees the flag at its next connection.
        let _ = TcpStream::connect(ports::at(self.here));
        for stream in self.passengers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn carry(stream: TcpStream, there: u16, passengers: &Mutex<Vec<TcpStream>>) -> io::Result<()> {
    let onward = TcpStream::connect(ports::at(there))?;
    let mut list = passengers.lock().unwrap_or_else(PoisonError::into_inner);
    list.extend([stream.try_clone()?, onward.try_clone()?]);
    pump(stream.try_clone()?, onward.try_clone()?);
    pump(onward, stream);
    Ok(())
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
