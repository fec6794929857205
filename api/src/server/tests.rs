//! Connections as callers behave on them, well and badly.

use axum::body::{Body, Bytes};
use axum::middleware::map_request;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;
use crate::limits::Remainder;

const BRIEF: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(30);

async fn serve(router: Router, patience: Patience, peers: &[IpNet]) -> (SocketAddr, Shutdown) {
    let shutdown = Shutdown::default();
    let shared = Shared {
        router,
        connections: Arc::new(Semaphore::new(8)),
        patience,
        metrics: Metrics::new().unwrap(),
        shutdown: shutdown.clone(),
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind("test", address, None)
        .await
        .unwrap()
        .only(peers);
    let address = listener.address().unwrap();
    tokio::spawn(listener.serve(shared));
    (address, shutdown)
}

fn patient() -> Patience {
    Patience {
        head: LONG,
        write: LONG,
        idle: LONG,
    }
}

/// Sends bytes and reads until the connection is closed.
async fn converse(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is closed on arrival may refuse even this.
    if stream.write_all(request).await.is_ok() {
        let _closed = stream.read_to_end(&mut answer).await;
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let router = Router::new().route("/", get(async || "served"));
    let (address, _) = serve(
        router,
        Patience {
            head: BRIEF,
            ..patient()
        },
        &[],
    )
    .await;
    let answer = converse(address, b"GET / HTTP/1.1\r\nHost: x\r\n").await;
    assert!(!answer.contains("served"), "{answer}");
}

#[tokio::test]
async fn doubled_slashes_reach_their_route() {
    let router = Router::new().route("/api/x", get(async || "served"));
    let (address, _) = serve(router, patient(), &[]).await;
    let answer = converse(
        address,
        b"GET /api//api///x/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.ends_with("served"), "{answer}");
}

#[tokio::test]
async fn only_those_admitted_may_connect() {
    let router = Router::new().route("/", get(async || "served"));
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (others, _) = serve(
        router.clone(),
        patient(),
        &["192.0.2.0/24".parse().unwrap()],
    )
    .await;
    assert_eq!(converse(others, request).await, "");
    let (own, _) = serve(router, patient(), &["127.0.0.0/8".parse().unwrap()]).await;
    assert!(converse(own, request).await.ends_with("served"));
}

#[tokio::test]
async fn what_has_begun_is_finished_after_the_end_has_begun() {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, go) = (Arc::clone(&entered), Arc::clone(&release));
    let router = Router::new().route(
        "/",
        get(async move || {
            inside.notify_one();
            go.notified().await;
            "served"
        }),
    );
    let (address, shutdown) = serve(router, patient(), &[]).await;
    let caller = tokio::spawn(converse(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    entered.notified().await;
    shutdown.begin();
    release.notify_one();
    assert!(caller.await.unwrap().ends_with("served"));
    shutdown.tasks.wait().await;
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody else is let in"
    );
}

/// Answers without reading the body, watched as [`crate::conduct`] does.
fn hasty() -> Router {
    let watched = async |request: axum::extract::Request| {
        let (head, body) = request.into_parts();
        let body = Body::new(Remainder::of(body, &head.headers));
        http::Request::from_parts(head, body)
    };
    Router::new()
        .route("/", post(async || "refused"))
        .layer(map_request(watched))
}

#[tokio::test]
async fn an_early_answer_arrives_although_the_caller_is_still_sending() {
    let (address, _) = serve(hasty(), patient(), &[]).await;
    let size = 8 * 1024 * 1024;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    );
    let mut request = Bytes::from(head).to_vec();
    request.resize(request.len() + size, b'x');
    let answer = converse(address, &request).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("refused"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_caller_that_waits_for_100_is_answered_without_being_told_to_go_on() {
    let (address, _) = serve(hasty(), patient(), &[]).await;
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    let answer = converse(address, head).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("refused"),
        "{answer}"
    );
}
