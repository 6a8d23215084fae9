//! A service of sums, with tonic: what its code generator would write, written by hand, so that no `protoc` is needed.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::{Body, BoxFuture, Context, Poll, Service, StdError, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// What is to be added, or how far to count.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Numbers {
    /// One after the other.
    #[prost(uint64, repeated, tag = "1")]
    pub numbers: Vec<u64>,
}

/// A number.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Number {
    /// It.
    #[prost(uint64, tag = "1")]
    pub number: u64,
}

const ADD: &str = "/sums.Sums/Add";
const COUNT: &str = "/sums.Sums/Count";

struct Add;

impl UnaryService<Numbers> for Add {
    type Response = Number;
    type Future = BoxFuture<Response<Number>, Status>;

    fn call(&mut self, request: Request<Numbers>) -> Self::Future {
        Box::pin(async move {
            let sum = request.get_ref().numbers.iter().try_fold(0u64, |sum, number| sum.checked_add(*number));
            let number = sum.ok_or_else(|| Status::out_of_range("the sum has no room"))?;
            Ok(Response::new(Number { number }))
        })
    }
}

struct Count;

impl ServerStreamingService<Number> for Count {
    type Response = Number;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<Number, Status>> + Send>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Number>) -> Self::Future {
        let numbers = tokio_stream::iter(0..request.get_ref().number).map(|number| Ok(Number { number }));
        let slowly = numbers.throttle(Duration::from_millis(3));
        Box::pin(async move { Ok(Response::new(Box::pin(slowly) as Self::ResponseStream)) })
    }
}

/// The service, as tonic's router takes it.
#[derive(Clone, Copy, Debug)]
pub struct Sums;

impl NamedService for Sums {
    const NAME: &'static str = "sums.Sums";
}

impl<B> Service<http::Request<B>> for Sums
where
    B: Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                ADD => Grpc::new(ProstCodec::default()).unary(Add, request).await,
                COUNT => Grpc::new(ProstCodec::default()).server_streaming(Count, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// Serves for ever.
///
/// # Errors
///
/// Those of tonic's transport.
pub async fn serve(listener: TcpListener) -> Result<(), tonic::transport::Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(Duration::from_secs(5)));
    Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(1)))
        .http2_keepalive_timeout(Some(Duration::from_secs(1)))
        .add_service(Sums)
        .serve_with_incoming(incoming)
        .await
}

/// A channel that connects when it is used, and again when the connection is gone.
///
/// # Errors
///
/// If `server` is no address.
pub fn channel(server: &str) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{server}"))?;
    Ok(endpoint
        .connect_timeout(Duration::from_secs(1))
        .timeout(Duration::from_secs(2))
        .http2_keep_alive_interval(Duration::from_secs(1))
        .keep_alive_timeout(Duration::from_secs(1))
        .connect_lazy())
}

/// Asks for a sum.
///
/// # Errors
///
/// The server's status, or tonic's own for what goes wrong on the way.
pub async fn add(channel: &Channel, numbers: Vec<u64>) -> Result<u64, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<Numbers, Number>::default();
    let answer = grpc.unary(Request::new(Numbers { numbers }), PathAndQuery::from_static(ADD), codec).await?;
    Ok(answer.into_inner().number)
}

/// Lets the server count, and gives what came, and how it ended.
pub async fn count(channel: &Channel, number: u64) -> (Vec<u64>, Result<(), Status>) {
    let mut came = Vec::new();
    let ended = async {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<Number, Number>::default();
        let request = Request::new(Number { number });
        let mut stream = grpc.server_streaming(request, PathAndQuery::from_static(COUNT), codec).await?.into_inner();
        while let Some(number) = stream.message().await? {
            came.push(number.number);
        }
        Ok(())
    }
    .await;
    (came, ended)
}
