//! The test: clients that write and read over HTTP, and record what they were told.
//!
//! A client goes where it is sent, asks again when there is no answer, and after some tries goes on
//! with the next operation. Whether all answers together can be those of one store that does one thing
//! at a time is judged at the end.

use crate::REPLICAS;
use crate::api::{IDEMPOTENCY_KEY, path_of};
use crate::http::Connection;
use crate::messages::Id;
use crate::replica::host;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::HeaderValue;
use hyper::{Method, Response, StatusCode, header};
use simfuzz::SharedHistory;
use simfuzz::history::KeyValueOp::{Cas, Delete, Get, Put};
use simfuzz::history::KeyValueReply::{Done, Swapped, Value};
use simfuzz::history::{KeyValue, KeyValueOp, KeyValueReply};
use simfuzz::prelude::*;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;

/// Operations of each client in a run.
const OPERATIONS: u32 = 12;

/// How long a client waits for an answer; a healthy store takes some 40 ms.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often a client asks before it goes on with something else.
const TRIES: u32 = 6;

/// How long a client waits before it asks again.
const BACKOFF: Range<Duration> = Duration::from_millis(5)..Duration::from_millis(80);

const KEYS: [&str; 3] = ["apple", "pear", "plum"];

type Key = &'static str;
type History = SharedHistory<KeyValueOp<Key, String>, KeyValueReply<String>>;

/// What a client does next.
#[derive(Arbitrary, Debug)]
enum Op {
    #[arbitrary(weight = 6)]
    Get {
        #[arbitrary(with = a_key)]
        key: Key,
    },
    #[arbitrary(weight = 4)]
    Put {
        #[arbitrary(with = a_key)]
        key: Key,
    },
    /// Writes if the key is still as the client last saw it.
    #[arbitrary(weight = 2)]
    Swap {
        #[arbitrary(with = a_key)]
        key: Key,
    },
    #[arbitrary(weight = 1)]
    Delete {
        #[arbitrary(with = a_key)]
        key: Key,
    },
    #[arbitrary(weight = 3)]
    Wait(#[arbitrary(range = Duration::ZERO..Duration::from_millis(400))] Duration),
}

fn a_key(random: &SimRandomProvider) -> Key {
    KEYS[random.random_range(0..KEYS.len())]
}

/// What came of a request.
enum Told {
    Answer(Response<Bytes>),
    /// Each replica that was asked said that it does nothing.
    Refused,
    /// It may have happened.
    Nothing,
}

#[derive(Default)]
pub(crate) struct Client {
    connections: Vec<Connection>,
    /// Who led when last heard of.
    leader: Id,
    /// What was last seen under each key.
    seen: BTreeMap<Key, Option<String>>,
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    /// Waits until somebody leads.
    async fn setup(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        self.connections = (0..REPLICAS).map(|replica| Connection::new(ctx, host(replica))).collect();
        self.get(ctx, &ctx.random().label("setup"), KEYS[0], u32::MAX).await;
        Ok(())
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for number in 0..OPERATIONS {
            if ctx.shutdown().is_cancelled() {
                break;
            }
            let random = ctx.random().scope("op", number);
            // now and then a client asks another replica than the one it knows to lead
            let via: usize = random.label("via").random_range(0..3 * REPLICAS);
            if via < REPLICAS {
                self.leader = via;
            }
            let value = format!("{}/{number}", ctx.name());
            match random.label("kind").arbitrary::<Op>() {
                Op::Get { key } => self.get(ctx, &random, key, TRIES).await,
                Op::Put { key } => self.write(ctx, &random, number, Put { key, value }).await,
                Op::Swap { key } => {
                    let from = self.seen.get(key).cloned().flatten();
                    self.write(ctx, &random, number, Cas { key, from, to: value }).await;
                }
                Op::Delete { key } => self.write(ctx, &random, number, Delete { key }).await,
                Op::Wait(length) => ctx.time().sleep(length).await,
            }
        }
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        if ctx.client_id() == 0 {
            // what is there at the end, from whoever leads then
            for key in KEYS {
                self.get(ctx, &ctx.random().label("check"), key, u32::MAX).await;
            }
            assert_history!(ctx.history().linearizable(&KeyValue::<Key, String>::new()), "the store is linearizable");
        }
        Ok(())
    }
}

impl Client {
    async fn get(&mut self, ctx: &SimContext, random: &SimRandomProvider, key: Key, tries: u32) {
        let history: History = ctx.history();
        let get = history.invoke(Get { key });
        let no_headers = [];
        let Told::Answer(response) = self.ask(ctx, random, Method::GET, key, &no_headers, "", tries).await else {
            assert_reachable!("a client goes on without having read");
            return;
        };
        let found = match response.status() {
            StatusCode::OK => Some(String::from_utf8_lossy(response.body()).into_owned()),
            StatusCode::NOT_FOUND => None,
            status => return assert_unreachable!("an answer to a read is none", { "status" => status }),
        };
        self.seen.insert(key, found.clone());
        get.ok(Value(found));
    }

    async fn write(
        &mut self,
        ctx: &SimContext,
        random: &SimRandomProvider,
        number: u32,
        write: KeyValueOp<Key, String>,
    ) {
        let history: History = ctx.history();
        let name = format!("{}/{number}", ctx.name());
        let mut headers = vec![(IDEMPOTENCY_KEY, name)];
        let (method, value, done) = match &write {
            Put { value, .. } => (Method::PUT, value.as_str(), Done),
            Cas { from, to, .. } => {
                headers.push(match from {
                    Some(value) => (header::IF_MATCH.as_str(), value.clone()),
                    None => (header::IF_NONE_MATCH.as_str(), "*".to_owned()),
                });
                (Method::PUT, to.as_str(), Swapped(true))
            }
            _ => (Method::DELETE, "", Done),
        };
        let invocation = history.invoke(write.clone());
        let key = *write.key();
        match self.ask(ctx, random, method, key, &headers, value, TRIES).await {
            Told::Answer(response) => match response.status() {
                StatusCode::NO_CONTENT => {
                    self.seen.insert(key, (!value.is_empty()).then(|| value.to_owned()));
                    invocation.ok(done);
                }
                StatusCode::PRECONDITION_FAILED => {
                    assert_reachable!("a key was not as its writer thought");
                    invocation.ok(Swapped(false));
                }
                status => assert_unreachable!("an answer to a write is none", { "status" => status }),
            },
            Told::Refused => invocation.fail(),
            Told::Nothing => {
                assert_reachable!("a client goes on without knowing what became of its write");
                invocation.unknown();
            }
        }
    }

    /// Asks until there is an answer, `tries` times at most.
    #[expect(clippy::too_many_arguments, reason = "the parts of a request")]
    async fn ask(
        &mut self,
        ctx: &SimContext,
        random: &SimRandomProvider,
        method: Method,
        key: Key,
        headers: &[(&'static str, String)],
        value: &str,
        tries: u32,
    ) -> Told {
        let mut told = Told::Refused;
        for _ in 0..tries {
            let connection = &mut self.connections[self.leader];
            let mut request = connection.request(method.clone(), &path_of(key));
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            let request = request.body(Full::from(value.to_owned())).expect("its parts are valid");
            let next = (self.leader + 1) % REPLICAS;
            match connection.send(request, PATIENCE).await {
                Ok(response) => {
                    let (status, date) = (response.status(), response.headers().get(header::DATE));
                    ctx.note(|| format!("replica-{} says {status} ({})", self.leader, text(date)));
                    match status {
                        StatusCode::TEMPORARY_REDIRECT => {
                            let place = text(response.headers().get(header::LOCATION));
                            let leads = |&replica: &Id| place.starts_with(&format!("http://{}/", host(replica)));
                            self.leader = (0..REPLICAS).find(leads).unwrap_or(next);
                        }
                        StatusCode::SERVICE_UNAVAILABLE => self.leader = next,
                        StatusCode::GATEWAY_TIMEOUT => (told, self.leader) = (Told::Nothing, next),
                        _ => return Told::Answer(response),
                    }
                }
                Err(error) => {
                    ctx.note(|| format!("no answer of replica-{}: {error}", self.leader));
                    self.leader = next;
                    if error.kind() != ErrorKind::ConnectionRefused {
                        told = Told::Nothing;
                    }
                }
            }
            ctx.time().sleep(random.label("backoff").random_range(BACKOFF)).await;
        }
        told
    }
}

fn text(header: Option<&HeaderValue>) -> &str {
    header.and_then(|value| value.to_str().ok()).unwrap_or_default()
}
