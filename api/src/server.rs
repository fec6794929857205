//! Listeners and connections: TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2, under limits of number, pace and idleness.

mod connection;
mod patient;
mod target;
pub mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ipnet::IpNet;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

/// The address a request's connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long a handshake, and then each request's head, may take.
    pub head: Duration,
    /// How long a written byte may wait for a reader.
    pub write: Duration,
    /// How long a connection may be without a request.
    pub idle: Duration,
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    name: &'static str,
    socket: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    /// Who may connect; empty means everybody.
    peers: Vec<IpNet>,
}

/// What every connection of a listener shares.
#[derive(Clone, Debug)]
pub struct Shared {
    /// What is served.
    pub router: Router,
    /// Places for connections.
    pub connections: Arc<Semaphore>,
    /// Their limits of time.
    pub patience: Patience,
    /// Where they are counted.
    pub metrics: Metrics,
    /// How they end.
    pub shutdown: Shutdown,
}

impl Listener {
    /// Binds an address; `tls` makes it a TLS listener.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(
        name: &'static str,
        address: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        Ok(Self {
            name,
            socket: TcpListener::bind(address).await?,
            tls,
            peers: Vec::new(),
        })
    }

    /// Lets nobody else connect than these; the others see the connection close.
    #[must_use]
    pub fn only(mut self, peers: &[IpNet]) -> Self {
        peers.clone_into(&mut self.peers);
        self
    }

    fn admits(&self, peer: SocketAddr) -> bool {
        let peer = peer.ip().to_canonical();
        self.peers.is_empty() || self.peers.iter().any(|net| net.contains(&peer))
    }

    /// The address bound, with the port that was chosen.
    ///
    /// # Errors
    /// When the socket does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until shutdown begins; open connections then finish what they have begun.
    pub async fn serve(self, shared: Shared) {
        let begun = shared.shutdown.begun.clone();
        loop {
            // A place is taken before a connection is: beyond the limit callers wait in the socket's own queue.
            let place = tokio::select! {
                () = begun.cancelled() => return,
                place = Arc::clone(&shared.connections).acquire_owned() => place,
            };
            let accepted = tokio::select! {
                () = begun.cancelled() => return,
                accepted = self.socket.accept() => accepted,
            };
            let (Ok(place), Ok((stream, peer))) = (place, accepted) else {
                // Out of descriptors, mostly: others must close before the next can be accepted.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if !self.admits(peer) {
                tracing::info!(listener = self.name, peer = %peer.ip(), "not a trusted proxy");
                continue;
            }
            let (shared, tls, name) = (shared.clone(), self.tls.clone(), self.name);
            let tasks = shared.shutdown.tasks.clone();
            tasks.spawn(async move {
                let open = shared.metrics.connections.with_label_values(&[name]);
                open.inc();
                if let Err(error) = connection::serve(stream, peer, tls, &shared).await {
                    tracing::debug!(listener = name, error = %error, "connection ended");
                }
                open.dec();
                drop(place);
            });
        }
    }
}

#[cfg(test)]
mod tests;
