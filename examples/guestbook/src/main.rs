//! Serves on this machine: `echo "I was here" | nc -N 127.0.0.1 4500`.

use guestbook::Guestbook;

fn main() -> simfuzz::SimulationResult<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:4500".to_owned());
    println!("guests are received at {address}; Ctrl-C ends it");
    simfuzz::serve(Guestbook).on(address).data_dir("target/guestbook").run()
}
