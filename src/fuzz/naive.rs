//! The naive encoding under libFuzzer: its bytes in order, its own mutations.
//!
//! The opponent in the benchmark, asked for by `SIMFUZZ_ENCODING=bytes`; what it means is in
//! `choice/naive.rs`. Goals are features as well, unless `SIMFUZZ_WITHOUT` takes them away: then it
//! is the way that is known to have been tried, with the coverage of the code alone.

use super::bare::Engine;
use crate::choice::Tape;

/// The variable that asks for it.
const VARIABLE: &str = "SIMFUZZ_ENCODING";

/// Does the environment ask for it?
///
/// # Panics
///
/// When it asks for an encoding that there isn't: another one would be measured.
pub(super) fn is_asked() -> bool {
    match std::env::var(VARIABLE).as_deref() {
        Ok("bytes") => true,
        Ok("tape") | Err(_) => false,
        Ok(other) => panic!("{VARIABLE}: there is no encoding `{other}`; they are tape and bytes"),
    }
}

pub(super) fn engine() -> Engine {
    let goals = crate::mutate::Parts::from_environment().goals;
    Engine { tape: Tape::naive, show: goals.then_some(super::libfuzzer::show) }
}

/// libFuzzer's own mutation of the `size` bytes in `data`, to at most `most`.
#[expect(unsafe_code, reason = "the C interface of libFuzzer: a pointer and two lengths")]
pub(super) fn mutate(data: &mut [u8], size: usize, most: usize) -> usize {
    // SAFETY: the declaration is that of libFuzzer's FuzzerInterface.h.
    unsafe extern "C" {
        fn LLVMFuzzerMutate(data: *mut u8, size: usize, most: usize) -> usize;
    }
    let most = most.min(data.len());
    // SAFETY: `data` owns `most` writable bytes, and the first `size` of them are the input.
    unsafe { LLVMFuzzerMutate(data.as_mut_ptr(), size.min(most), most) }
}
