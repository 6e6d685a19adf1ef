//! Sockets that the harness can end without the library's help, and that tell when the peer ended them.

use std::io::{Error, Result};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Where to listen or to connect to.
pub enum Address {
    Unix(String),
    Tcp(String),
}

impl Address {
    /// Reads unix:///path or tcp://host:port.
    pub fn parse(url: &str) -> std::result::Result<Self, String> {
        match url.split_once("://") {
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.to_owned())),
            Some(("tcp", host)) if !host.is_empty() => Ok(Self::Tcp(host.to_owned())),
            _ => Err(format!("address {url:?}: expected unix:///path or tcp://host:port")),
        }
    }

    pub async fn connect(&self) -> Result<Wire> {
        match self {
            Self::Unix(path) => Wire::new(UnixStream::connect(path).await?),
            Self::Tcp(host) => Wire::new(TcpStream::connect(host).await?),
        }
    }

    pub async fn listen(&self) -> Result<WireListener> {
        match self {
            Self::Unix(path) => UnixListener::bind(path).map(WireListener::Unix),
            Self::Tcp(host) => TcpListener::bind(host).await.map(WireListener::Tcp),
        }
    }
}

/// A listener of either kind.
pub enum WireListener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl WireListener {
    /// The address that a client passes to [`Address::parse`].
    pub fn url(&self) -> Result<String> {
        match self {
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().ok_or_else(|| Error::other("the socket has no path"))?;
                Ok(format!("unix://{}", path.display()))
            }
            Self::Tcp(listener) => Ok(format!("tcp://{}", listener.local_addr()?)),
        }
    }

    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<Result<Wire>> {
        Poll::Ready(match self {
            Self::Unix(listener) => Wire::new(ready!(listener.poll_accept(context))?.0),
            Self::Tcp(listener) => Wire::new(ready!(listener.poll_accept(context))?.0),
        })
    }
}

/// A second hold on a connection, below the library.
pub struct Link {
    socket: socket2::Socket,
    ended: AtomicBool,
}

impl Link {
    /// Ends the connection both ways.
    pub fn cut(&self) -> Result<()> {
        self.ended.store(true, Ordering::Relaxed);
        self.shutdown(Shutdown::Both)
    }

    /// Ends the sending side.
    pub fn half_close(&self) -> Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// True when the peer, or [`Link::cut`], ended the connection and the library was told.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        match self.socket.shutdown(how) {
            // The peer was faster.
            Err(error) if error.kind() == std::io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

type OnChange = Box<dyn FnMut(WireEvent) + Send + Sync>;

/// What a [`Wire`] reports.
pub enum WireEvent {
    /// Nothing more comes from the peer.
    Ended,
    /// The library let go of the socket.
    Dropped,
}

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// A connected socket, to be handed to the library.
pub struct Wire {
    stream: Box<dyn Stream>,
    link: Arc<Link>,
    on_change: Option<OnChange>,
}

impl Wire {
    fn new(stream: impl Stream + AsFd + 'static) -> Result<Self> {
        let second: OwnedFd = stream.as_fd().try_clone_to_owned()?;
        let link = Link { socket: second.into(), ended: AtomicBool::new(false) };
        Ok(Self { stream: Box::new(stream), link: Arc::new(link), on_change: None })
    }

    pub fn link(&self) -> Arc<Link> {
        self.link.clone()
    }

    pub fn on_change(&mut self, report: impl FnMut(WireEvent) + Send + Sync + 'static) {
        self.on_change = Some(Box::new(report));
    }

    fn report(&mut self, event: WireEvent) {
        if let Some(report) = &mut self.on_change {
            report(event);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.report(WireEvent::Dropped);
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if result.is_err() || (buffer.filled().len() == before && buffer.remaining() > 0) {
            self.link.ended.store(true, Ordering::Relaxed);
            self.report(WireEvent::Ended);
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
