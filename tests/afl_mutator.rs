//! AFL++'s custom mutator as AFL++ calls it: through the C interface that `afl_mutator!` makes.
#![cfg(feature = "fuzz")]

use simfuzz::prelude::*;
use std::ffi::CString;
use std::ptr::{null, null_mut};

/// Draws until it has drawn a seven.
struct Gambler;

#[async_trait(?Send)]
impl Workload for Gambler {
    fn name(&self) -> &str {
        "gambler"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for turn in 0..50 {
            ctx.time().sleep(std::time::Duration::from_millis(1)).await;
            if ctx.random().random_range(0..30) == 7 {
                assert_sometimes!(turn > 20, "it takes a while");
                break;
            }
        }
        Ok(())
    }
}

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new().workload(|| Box::new(Gambler))
}

simfuzz::afl_mutator!(simulation);

/// What 200 calls make of a tape that is a seed; every tenth is kept, in a file.
#[expect(unsafe_code, reason = "the C interface of AFL++")]
fn two_hundred() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let first = simfuzz::Tape::seeded(3).encode();
    let mutator = afl_custom_init(null_mut(), 7);
    let mut made = Vec::new();
    for n in 0..200 {
        let mut out: *const u8 = null();
        // SAFETY: each pointer is to what its length says, or null, and `mutator` is what `afl_custom_init` gave.
        let bytes = unsafe {
            let length = afl_custom_fuzz(mutator, first.as_ptr(), first.len(), &raw mut out, null(), 0, 4_096);
            std::slice::from_raw_parts(out, length).to_vec()
        };
        if n % 10 == 0 {
            let file = folder.path().join(format!("id:{n:06}"));
            std::fs::write(&file, &bytes).unwrap();
            let file = CString::new(file.to_str().unwrap()).unwrap();
            // SAFETY: `mutator` is what `afl_custom_init` gave, and the path ends with a zero.
            assert_eq!(
                unsafe { afl_custom_queue_new_entry(mutator, file.as_ptr(), null()) },
                0,
                "the file is as it was"
            );
        }
        made.push(bytes);
    }
    // SAFETY: `mutator` is what `afl_custom_init` gave, once.
    unsafe { afl_custom_deinit(mutator) };
    made
}

#[test]
fn afl_gets_tapes_of_all_kinds_and_the_same_ones_each_time() {
    let made = two_hundred();
    assert_eq!(made, two_hundred());
    let tapes: Vec<_> = made.iter().map(|bytes| simfuzz::Tape::decode(bytes)).collect();
    for (tape, bytes) in tapes.iter().zip(&made) {
        assert_eq!(&tape.encode(), bytes);
        simulation().build().run(tape);
    }
    let fresh = made.iter().filter(|bytes| bytes.len() == 12).count();
    assert!((1..200).contains(&fresh), "{fresh} of 200 are fresh seeds, the others reseeds and edits");
}
