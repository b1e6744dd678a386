//! The listener, the accept loop and the graceful end. Knows nothing of routes.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service as _;

/// A client that has not sent a whole request head by then is let go; idle kept-alive connections too. Longer than the
/// 60 seconds nginx keeps idle connections, so that it never sends into one we are closing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long requests in flight may take to end once we were told to stop.
const GRACE: Duration = Duration::from_millis(800);
/// Connections beyond this wait in the listener's queue.
const CONNECTIONS_MAX: usize = 4096;

/// Says when to stop; clones all hear it.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// Tells every [`Shutdown`] to stop; dropping it does so too.
pub struct Trigger(watch::Sender<bool>);

impl Shutdown {
    /// A trigger and what it triggers.
    pub fn pair() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (Trigger(sender), Self(receiver))
    }

    /// Returns once the service must stop.
    pub async fn wait(mut self) {
        // An error means the trigger is gone, which is the same message.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl Trigger {
    /// Stops the service.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// The address of the client's end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Serves `app` until `shutdown`, then ends connections within 800 ms. Requests carry their [`Peer`] where `peers` says that
/// somebody asks for it.
pub async fn run(listener: TcpListener, app: Router, peers: bool, shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    let mut stop = pin!(shutdown.clone().wait());
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, peer)) => {
                    let peer = peers.then_some(Peer(peer));
                    connections.spawn(serve(stream, peer, app.clone(), shutdown.clone()));
                }
                // Out of file descriptors, most likely: those that end will free some.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        connections.abort_all();
    }
}

async fn serve(stream: TcpStream, peer: Option<Peer>, app: Router, shutdown: Shutdown) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        // axum's router is always ready.
        app.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(64 * 1024)
        // One buffer costs less than two: most answers are small.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => {}
        () = shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
