//! Unix sockets that the harness can end below the library.

use std::io::{ErrorKind, Result};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{ready, Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

/// The path in `unix:///path`.
pub fn path_of(address: &str) -> std::result::Result<&str, String> {
    address
        .strip_prefix("unix://")
        .filter(|path| !path.is_empty())
        .ok_or_else(|| format!("address {address:?}: expected unix:///path"))
}

/// A socket in the library's hands; it is closed when the library drops it.
pub struct Socket {
    stream: Arc<UnixStream>,
    on_close: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Socket {
    /// The socket for the library, which tells by `on_close` when it has closed it, and the handle that we keep.
    pub fn new(stream: UnixStream, on_close: impl FnOnce() + Send + Sync + 'static) -> (Self, Handle) {
        let stream = Arc::new(stream);
        let handle = Handle(Arc::downgrade(&stream));
        (Self { stream, on_close: Some(Box::new(on_close)) }, handle)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(on_close) = self.on_close.take() {
            on_close();
        }
    }
}

/// Ends a socket that the library has, if it is still open.
#[derive(Clone)]
pub struct Handle(Weak<UnixStream>);

impl Handle {
    pub fn shutdown(&self, how: Shutdown) -> std::result::Result<(), String> {
        let Some(stream) = self.0.upgrade() else { return Ok(()) };
        match SockRef::from(&*stream).shutdown(how) {
            // The peer may have been faster.
            Err(error) if error.kind() != ErrorKind::NotConnected => Err(error.to_string()),
            _ => Ok(()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(context))?;
            match self.stream.try_read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_write(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(SockRef::from(&*self.stream).shutdown(Shutdown::Write))
    }
}
