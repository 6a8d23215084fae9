//! An exit of the process in the midst of a run: `std::process::exit` in the code under test.
//!
//! Its exit code is the code's own, so that it would look like a pass. It is seen by the end of the
//! run's thread, which comes before that of the process: told with the tape, and the process ends
//! with 1.

use crate::choice::Tape;
use crate::sim;

thread_local! {
    static GUARD: Guard = const { Guard };
}

/// Dropped when its thread ends.
struct Guard;

/// Sees to it that an exit by the run of this thread is seen. The world must be there already: what a
/// thread made first it drops last.
pub(super) fn guard() {
    GUARD.with(|_| ());
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !sim::is_running() {
            return;
        }
        tell();
        end();
    }
}

fn tell() {
    let place = sim::try_with(|world| {
        let host = world.topology.hosts().get(world.current.index());
        let host = host.map_or_else(String::new, |host| format!(" on {}", host.name));
        format!("{host} at {}", crate::trace::seconds(world.now))
    });
    let place = place.unwrap_or_default();
    eprintln!("simfuzz: FINDING exit: the code under test ended the process{place}: return an error, or panic");
    let Some(tape) = sim::try_with(|world| world.choices.tape().clone()) else { return };
    eprintln!("simfuzz: its tape: echo {} | xxd -r -p > crash", hex(&tape));
}

fn hex(tape: &Tape) -> String {
    tape.encode().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "the C interface of _exit")]
fn end() {
    // libFuzzer has a handler of its own, which saves the tape
    if !cfg!(fuzzing) {
        // SAFETY: it returns to nobody; what the process has left to do is what an exit in a run is not
        // to do.
        unsafe { libc::_exit(1) }
    }
}

#[cfg(not(unix))]
fn end() {
    std::process::abort()
}
