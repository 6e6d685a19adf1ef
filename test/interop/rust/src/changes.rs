//! Waiting for something to become true without asking the clock.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Notify;

/// How long a wait lasts unless the harness says otherwise.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(10);

/// Wakes those who wait for a condition whenever what it is about may have changed.
#[derive(Default)]
pub struct Changes {
    notify: Notify,
}

impl Changes {
    /// Something changed.
    pub fn notify(&self) {
        self.notify.notify_waiters();
    }

    /// The first value that `check` gives; an error with `describe`'s words when there is none in time.
    pub async fn until<T>(
        &self,
        limit: Duration,
        mut check: impl FnMut() -> Result<Option<T>, String>,
        describe: impl Fn() -> String,
    ) -> Result<T, String> {
        let wait = async {
            loop {
                let changed = self.notify.notified();
                if let Some(value) = check()? {
                    return Ok(value);
                }
                changed.await;
            }
        };
        within(limit, wait).await.unwrap_or_else(|| Err(describe()))
    }
}

async fn within<T>(limit: Duration, wait: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, wait).await.ok()
}
