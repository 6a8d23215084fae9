//! `serve` in a build that has the simulator too.

use super::parts::Process;
use crate::production::Server;

/// Refuses to run `process` on this machine: this build has the features `sim` and `tokio`, and here a
/// [`Process`] is one that is simulated.
///
/// It stands here so that a `main` compiles in every build: `cargo test` of a package joins the features
/// of its tests to those of its programs. What is to serve is built with `tokio` and without `sim`.
#[must_use = "nothing is served before `run`"]
pub fn serve(process: impl Process) -> Server {
    drop(process);
    Server::refused(
        "this program was built with simfuzz's simulator, which can't serve: build it with \
         `default-features = false, features = [\"tokio\"]`, and without another package of the same \
         build that asks for the feature `sim`",
    )
}
