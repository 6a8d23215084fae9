//! The HTTP interface: paths, methods, headers and status codes.
//!
//! A handler asks the node and waits. It does nothing itself, as it may be dropped at any await: its
//! client hangs up, and hyper drops it.
//!
//! | request | answers |
//! |---|---|
//! | `GET /kv/KEY` | 200 with the value, also as `ETag`; 404 |
//! | `PUT /kv/KEY`, with `If-Match: VALUE` or `If-None-Match: *` if it is to depend on what is there | 204; 412 |
//! | `DELETE /kv/KEY` | 204 |
//! | any, at a replica that does not lead | 307 to the leader; 503 if nobody leads |
//! | a write, at one that lost the lead | 504: it may have happened |
//!
//! Writes have an `Idempotency-Key: CLIENT/NUMBER`.

use crate::messages::{Answer, Append, Appended, Command, Condition, Inbox, Message, Refusal, Vote, Voted, Write};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::sync::oneshot;

/// The header that names a write.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

pub(crate) const APPEND: &str = "/replica/append";
pub(crate) const VOTE: &str = "/replica/vote";

pub(crate) fn router(inbox: Inbox) -> Router {
    Router::new()
        .route("/kv/{key}", get(read).put(put).delete(delete))
        .route(APPEND, post(append))
        .route(VOTE, post(vote))
        .with_state(inbox)
}

async fn read(State(inbox): State<Inbox>, Path(key): Path<String>) -> Result<Response, Failure> {
    let path = path_of(&key);
    let found = ask(&inbox, |reply| Message::Read { key, reply }).await?;
    match found.map_err(|refusal| Failure(refusal, path))? {
        Some(value) => Ok(([(header::ETAG, value.clone())], value).into_response()),
        None => Ok(StatusCode::NOT_FOUND.into_response()),
    }
}

async fn put(
    State(inbox): State<Inbox>,
    Path(key): Path<String>,
    headers: HeaderMap,
    value: String,
) -> Result<StatusCode, Failure> {
    let only_if = match (text(&headers, "if-match"), text(&headers, "if-none-match")) {
        (Some(value), _) => Some(Condition::Is(value.to_owned())),
        (None, Some("*")) => Some(Condition::Absent),
        (None, Some(_)) => return Ok(StatusCode::BAD_REQUEST),
        (None, None) => None,
    };
    write(&inbox, &headers, key, Write::Put { value, only_if }).await
}

async fn delete(
    State(inbox): State<Inbox>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    write(&inbox, &headers, key, Write::Delete).await
}

async fn write(inbox: &Inbox, headers: &HeaderMap, key: String, write: Write) -> Result<StatusCode, Failure> {
    let name = text(headers, IDEMPOTENCY_KEY).and_then(|name| name.split_once('/'));
    let Some((client, Ok(number))) = name.map(|(client, number)| (client.to_owned(), number.parse())) else {
        return Ok(StatusCode::BAD_REQUEST);
    };
    let path = path_of(&key);
    let command = Command { client, number, key, write };
    let answer = ask(inbox, |reply| Message::Write { command, reply }).await?;
    Ok(match answer.map_err(|refusal| Failure(refusal, path))? {
        Answer::Done => StatusCode::NO_CONTENT,
        Answer::ConditionFailed => StatusCode::PRECONDITION_FAILED,
    })
}

async fn append(State(inbox): State<Inbox>, Json(append): Json<Append>) -> Result<Json<Appended>, Failure> {
    ask(&inbox, |reply| Message::Append { append, reply }).await.map(Json)
}

async fn vote(State(inbox): State<Inbox>, Json(vote): Json<Vote>) -> Result<Json<Voted>, Failure> {
    ask(&inbox, |reply| Message::Vote { vote, reply }).await.map(Json)
}

/// Asks the node. One that has no answer is no leader any more.
async fn ask<T>(inbox: &Inbox, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T, Failure> {
    let (reply, answer) = oneshot::channel();
    let unknown = || Failure(Refusal::Unknown, String::new());
    inbox.send(message(reply)).map_err(|_| unknown())?;
    answer.await.map_err(|_| unknown())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

pub(crate) fn path_of(key: &str) -> String {
    format!("/kv/{key}")
}

/// Why there is no answer, and the path that was asked for.
struct Failure(Refusal, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self(refusal, path) = self;
        match refusal {
            Refusal::Elsewhere(leader) => {
                let place = format!("http://replica-{leader}{path}");
                (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response()
            }
            Refusal::NotNow => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Refusal::Unknown => StatusCode::GATEWAY_TIMEOUT.into_response(),
        }
    }
}
