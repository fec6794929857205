//! One connection: handshake, protocol, requests, and its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::patient::Patient;
use super::{Peer, Shared, target};

/// Largest head of a request.
const HEAD_SIZE: usize = 64 * 1024;
/// Most requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Bytes of one HTTP/2 request that may wait unread.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// Bytes of all requests of one HTTP/2 connection that may wait unread.
const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;
/// How often a silent HTTP/2 peer is asked whether it is there.
const PING: Duration = Duration::from_secs(20);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves a connection to its end.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    shared: &Shared,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let stream = Patient::new(stream, shared.patience.write);
    let Some(tls) = tls else {
        return converse(stream, peer, false, shared).await;
    };
    let stream = timeout(shared.patience.head, TlsAcceptor::from(tls).accept(stream)).await??;
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    converse(stream, peer, h2, shared).await
}

async fn converse<S>(stream: S, peer: SocketAddr, h2: bool, shared: &Shared) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    let activity = Activity::default();
    let service = service_fn({
        let (router, activity) = (shared.router.clone(), activity.clone());
        move |request| answer(router.clone(), request, peer, activity.enter())
    });
    if h2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(HEAD_SIZE).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        let mut connection = pin!(builder.serve_connection(io, service));
        end(
            &mut connection,
            |connection| connection.graceful_shutdown(),
            &activity,
            shared,
        )
        .await?;
    } else {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(shared.patience.head)
            .max_buf_size(HEAD_SIZE);
        let mut connection = pin!(builder.serve_connection(io, service));
        end(
            &mut connection,
            |connection| connection.graceful_shutdown(),
            &activity,
            shared,
        )
        .await?;
    }
    Ok(())
}

/// Drives a connection; shutdown or idleness let it finish what it has begun.
async fn end<C>(
    connection: &mut Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
    activity: &Activity,
    shared: &Shared,
) -> Result<(), hyper::Error>
where
    C: Future<Output = Result<(), hyper::Error>>,
{
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = shared.shutdown.begun.cancelled() => {}
        () = activity.idle(shared.patience.idle) => {}
    }
    finish(connection.as_mut());
    connection.as_mut().await
}

async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    _active: Active,
) -> Result<Response, Infallible> {
    target::normalise(request.uri_mut());
    request.extensions_mut().insert(Peer(peer.ip()));
    router.oneshot(request.map(Body::new)).await
}

/// Whether a connection serves a request, and since when it does not.
#[derive(Clone, Debug)]
struct Activity(Arc<(AtomicUsize, Mutex<Instant>)>);

#[derive(Debug)]
struct Active(Activity);

impl Default for Activity {
    fn default() -> Self {
        Self(Arc::new((AtomicUsize::new(0), Mutex::new(Instant::now()))))
    }
}

impl Activity {
    fn enter(&self) -> Active {
        self.0.0.fetch_add(1, Ordering::AcqRel);
        Active(self.clone())
    }

    /// Returns once no request has been there for so long.
    async fn idle(&self, patience: Duration) {
        loop {
            let since = *self.0.1.lock().unwrap_or_else(PoisonError::into_inner);
            let until = if self.0.0.load(Ordering::Acquire) > 0 {
                Instant::now() + patience
            } else {
                since + patience
            };
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        *self.0.0.1.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
