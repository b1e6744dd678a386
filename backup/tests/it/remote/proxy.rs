//! A network that breaks: passes bytes on, and cuts every connection after so many.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A port before another.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Bytes in both directions so far.
    passed: u64,
    /// At how many of them everything is cut, in descending order.
    cuts: Vec<u64>,
    /// Whether new connections are closed at once.
    dead: bool,
    connections: Vec<TcpStream>,
}

impl State {
    fn cut(&mut self) {
        for connection in self.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// Cuts after each of these numbers of bytes, counted from the start.
    pub(crate) fn start(target: u16, cuts: &[u64]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut cuts = cuts.to_vec();
        cuts.sort_by(|a, b| b.cmp(a));
        let state = Arc::new(Mutex::new(State {
            cuts,
            ..State::default()
        }));
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.lock().unwrap().dead {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
                    continue;
                };
                let mut ends = shared.lock().unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    ends.connections.push(from.try_clone().unwrap());
                    let state = shared.clone();
                    thread::spawn(move || pass(from, to, &state));
                }
            }
        });
        Self { port, state }
    }

    /// How many cuts are still to come.
    pub(crate) fn cuts_left(&self) -> usize {
        self.state.lock().unwrap().cuts.len()
    }

    /// Cuts all, and takes no more.
    pub(crate) fn die(&self) {
        let mut state = self.state.lock().unwrap();
        state.dead = true;
        state.cut();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, state: &Mutex<State>) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let mut state = state.lock().unwrap();
        state.passed += length as u64;
        if state.cuts.last().is_some_and(|&cut| state.passed >= cut) {
            state.cuts.pop();
            state.cut();
            return;
        }
        drop(state);
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
