//! Isolation: a fresh thread a run, on which the operating system's entropy is a function of the
//! tape. `std`'s hash maps draw their keys from it once a thread.

use super::outcome::Outcome;
use super::simulation::{Recording, Simulation};
use crate::choice::{Tape, mix};
use std::cell::Cell;

thread_local! {
    /// The state of this thread's entropy; `None` where it is the operating system's.
    static ENTROPY: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Runs `tape` on a thread of its own.
pub(super) fn run(simulation: &Simulation, tape: &Tape, recording: Recording, events: u64) -> Outcome {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            ENTROPY.set(Some(mix(tape.seed() ^ 0x656e_7472_6f70_7900)));
            simulation.run_here(tape, recording, events)
        });
        match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Stands in for libc's: inside an isolated run the bytes are a function of the tape, elsewhere
/// they are the kernel's. `std` and the `getrandom` crate call it by this name.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the C interface of getrandom: a pointer and a length")]
mod interpose {
    use super::{ENTROPY, mix};

    // SAFETY: the symbol has libc's signature, and does what libc's does for every caller that
    // is not inside an isolated run.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize {
        let Ok(Some(mut state)) = ENTROPY.try_with(std::cell::Cell::get) else {
            // SAFETY: the arguments are the caller's, passed on unchanged to the system call.
            return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize };
        };
        // SAFETY: the caller owns `length` writable bytes at `buffer`, as getrandom demands.
        let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
        for chunk in bytes.chunks_mut(8) {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
        }
        ENTROPY.set(Some(state));
        length as isize
    }
}
