//! What happens to the server's calls and connections.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::Arc;

use interop_peer::changes::Changes;
use interop_peer::socket::Handle;
use serde::Serialize;

/// Something that happened to one call. `seq` is that of its (first) request.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// started, finished or cancelled
    pub event: &'static str,
    pub method: &'static str,
    pub seq: u64,
    /// Of a finished call.
    pub code: i32,
    /// Of a cancelled call: deadline or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
}

/// Messages of one call so far.
#[derive(Default)]
pub struct Counts {
    pub sent: AtomicU64,
    pub received: AtomicU64,
}

/// What the server knows of itself.
#[derive(Default)]
pub struct State {
    pub events: Vec<Event>,
    /// Calls that have started and not ended.
    pub running: usize,
    /// Of the calls that run, by method and seq.
    pub counts: HashMap<(&'static str, u64), Arc<Counts>>,
    /// Counts how often everything was forgotten. What belongs to an earlier generation is of no account.
    pub generation: u64,
    pub open: HashMap<u64, Handle>,
    pub accepted: u64,
}

/// The state, for all that change it.
pub type Journal = Changes<State>;

/// At most so many events are kept; older ones are forgotten.
const MAX_EVENTS: usize = 100_000;

impl State {
    /// Takes note of something that happened to a call of a generation.
    pub fn add(&mut self, event: Event, generation: u64) {
        if generation != self.generation {
            return;
        }
        if self.events.len() >= MAX_EVENTS {
            self.events.drain(..MAX_EVENTS / 2);
        }
        if event.event == "started" {
            self.running += 1;
        } else {
            self.running -= 1;
        }
        self.events.push(event);
    }

    /// Leaves out of account what is open and runs now.
    pub fn forget(&mut self) {
        self.generation += 1;
        self.running = 0;
        self.open.clear();
    }
}
