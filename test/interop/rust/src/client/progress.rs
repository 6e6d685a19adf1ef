//! The calls that the harness gave a name, so that it can wait for their replies and cancel them.

use std::collections::HashMap;
use std::sync::Arc;

use interop_peer::changes::Changes;
use tokio::sync::watch;

/// The named calls by their names.
pub type Progress = Changes<HashMap<String, Named>>;

pub struct Named {
    pub sent: u64,
    pub replies: u64,
    pub over: bool,
    cancel: watch::Sender<bool>,
}

/// Announces what becomes of one call; does nothing for a call without a name.
pub struct Announcer {
    progress: Arc<Progress>,
    name: Option<String>,
}

impl Announcer {
    /// Begins a call, which `cancel` ends; a name may be used again once its call is over.
    pub fn begin(progress: &Arc<Progress>, name: Option<String>, cancel: watch::Sender<bool>) -> Result<Self, String> {
        if let Some(name) = &name {
            progress.update(|calls| match calls.get(name) {
                Some(call) if !call.over => Err(format!("call {name:?} is running already")),
                _ => {
                    calls.insert(name.clone(), Named { sent: 0, replies: 0, over: false, cancel });
                    Ok(())
                }
            })?;
        }
        Ok(Self { progress: progress.clone(), name })
    }

    /// A message was made, which the library is given next.
    pub fn sending(&self) {
        self.change(|call| call.sent += 1);
    }

    pub fn replied(&self) {
        self.change(|call| call.replies += 1);
    }

    fn change(&self, change: impl FnOnce(&mut Named)) {
        if let Some(name) = &self.name {
            self.progress.update(|calls| calls.get_mut(name).map(change));
        }
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.change(|call| call.over = true);
    }
}

impl Named {
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }
}
