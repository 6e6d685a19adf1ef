//! The connections that the harness opened, by the names it gave them.

use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::{Mutex, MutexGuard};

use interop_peer::socket::{path_of, Handle, Socket};
use tokio::net::UnixStream;
use tokio::sync::watch;
use ttrpc::r#async::{transport, Client};

#[derive(Default)]
pub struct Connections(Mutex<HashMap<String, Connection>>);

struct Connection {
    client: Client,
    socket: Handle,
    /// The calls that are to end when the connection is closed.
    calls: Vec<watch::Sender<bool>>,
}

impl Connections {
    pub async fn connect(&self, name: String, address: &str) -> Result<(), String> {
        let stream = UnixStream::connect(path_of(address)?).await.map_err(|error| format!("{address}: {error}"))?;
        let (socket, handle) = Socket::new(stream, || ());
        let client = Client::new(transport::Socket::new(socket));
        let mut open = self.open();
        if open.contains_key(&name) {
            return Err(format!("connection {name:?} is open already"));
        }
        open.insert(name, Connection { client, socket: handle, calls: Vec::new() });
        Ok(())
    }

    pub fn client(&self, name: &str) -> Result<Client, String> {
        self.with(name, |connection| connection.client.clone())
    }

    /// A call that `cancel` ends is to end when the connection is closed.
    pub fn ends_with(&self, name: &str, cancel: watch::Sender<bool>) -> Result<(), String> {
        self.with(name, |connection| {
            connection.calls.retain(|each| !each.is_closed());
            connection.calls.push(cancel);
        })
    }

    /// Drops all that keeps the connection open. The library's client cannot be closed, and lives as long as its calls.
    pub fn close(&self, name: &str) -> Result<(), String> {
        let closed = self.open().remove(name).ok_or_else(|| format!("connection {name:?} is not open"))?;
        for call in closed.calls {
            call.send_replace(true);
        }
        Ok(())
    }

    pub fn half_close(&self, name: &str) -> Result<(), String> {
        self.with(name, |connection| connection.socket.shutdown(Shutdown::Write))?
    }

    fn with<R>(&self, name: &str, use_it: impl FnOnce(&mut Connection) -> R) -> Result<R, String> {
        self.open().get_mut(name).map(use_it).ok_or_else(|| format!("connection {name:?} is not open"))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Connection>> {
        self.0.lock().expect("another task panicked with the connections in its hands")
    }
}
