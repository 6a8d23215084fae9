//! Servers and clients as people write them for tokio, with crates that call tokio themselves, in a simulation.
//!
//! Nothing in [`web`] and [`grpc`] knows of simfuzz: `axum::serve`, hyper-util's pooled client, tonic's server and channel are
//! used as their own examples use them. The simulations are in [`simulations`]. What makes it possible is the `[patch]` in
//! `Cargo.toml`.

pub mod grpc;
pub mod simulations;
pub mod web;
