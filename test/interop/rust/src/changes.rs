//! State that commands can wait on.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// How long a command waits for something to happen unless told otherwise.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);

/// State that commands read, change and wait on.
#[derive(Default)]
pub struct Changes<T> {
    state: Mutex<T>,
    changed: Notify,
}

impl<T> Changes<T> {
    /// Changes the state and wakes who waits on it.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_waiters();
        result
    }

    /// Reads the state.
    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    /// The first value that `look` gives. When there is none in `timeout_ms` (0: ten seconds): what `otherwise` says.
    pub async fn until<R>(
        &self,
        timeout_ms: u64,
        mut look: impl FnMut(&T) -> Option<Result<R, String>>,
        otherwise: impl FnOnce(&T) -> String,
    ) -> Result<R, String> {
        let limit = if timeout_ms > 0 { Duration::from_millis(timeout_ms) } else { DEFAULT_WAIT };
        let found = timeout(limit, async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                // From here on no change is missed.
                changed.as_mut().enable();
                if let Some(found) = self.read(&mut look) {
                    return found;
                }
                changed.await;
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => Err(self.read(otherwise)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.state.lock().expect("another task panicked with the state in its hands")
    }
}
