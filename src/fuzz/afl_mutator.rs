//! Our mutator as a library that AFL++ loads: `afl_mutator!`, and what its functions do.
//!
//! AFL++ mutates in a process of its own, which has no runs to learn from. So the library has the simulation
//! too: it runs what AFL++ keeps, once each, and learns goals and elites from those. Owns which inputs those are, and the
//! bytes that AFL++ is given; the C interface is in the macro, and holds nothing else.

use crate::campaign::Campaign;
use crate::run::Simulation;
use std::collections::BTreeSet;
use std::path::Path;

/// Our mutator with what it has learnt in this process of AFL++.
#[doc(hidden)]
#[derive(Debug)]
pub struct AflMutator {
    campaign: Campaign<Simulation>,
    /// Inputs that were run, by their hash.
    learnt: BTreeSet<[u8; 20]>,
    calls: u32,
    /// The last input, which AFL++ reads after the call.
    out: Vec<u8>,
}

impl AflMutator {
    pub fn new(simulation: impl Into<Simulation>, seed: u32) -> Self {
        let campaign = Campaign::new(simulation.into(), u64::from(seed), false);
        Self { campaign, learnt: BTreeSet::new(), calls: 0, out: Vec::new() }
    }

    /// Another input from `bytes`, of at most `most` bytes. What AFL++ offers was kept by it: from a folder of seeds, by
    /// another process, or before this one began.
    pub fn fuzz(&mut self, bytes: &[u8], other: Option<&[u8]>, most: usize) -> &[u8] {
        // AFL++ has not kept the one before
        self.campaign.showed_nothing();
        self.learn(bytes);
        self.calls = self.calls.wrapping_add(1);
        // one in three: the mutator knows better partners than any two inputs
        let other = other.filter(|other| !other.is_empty() && self.calls.is_multiple_of(3));
        self.out = self.campaign.mutate(bytes, other, self.calls, most.max(1));
        &self.out
    }

    /// AFL++ keeps the last input, in this file.
    pub fn keeps(&mut self, file: &Path) {
        // what can't be read is learnt when it is offered
        if let Ok(bytes) = std::fs::read(file) {
            self.learn(&bytes);
        }
    }

    fn learn(&mut self, bytes: &[u8]) {
        if self.learnt.insert(sha1_smol::Sha1::from(bytes).digest().bytes()) {
            // a finding is the target's to report
            self.campaign.execute(bytes);
        }
    }
}

/// Makes AFL++'s custom mutator of a function that gives a [`Simulation`](crate::Simulation) (or a builder of one):
/// the whole source of a library (`crate-type = ["cdylib"]`), which stands beside the fuzz target.
///
/// ```
/// # mod bank {
/// #     pub fn simulation() -> simfuzz::SimulationBuilder { simfuzz::SimulationBuilder::new() }
/// # }
/// simfuzz::afl_mutator!(bank::simulation);
/// ```
///
/// `AFL_CUSTOM_MUTATOR_LIBRARY` names what was built, and `AFL_CUSTOM_MUTATOR_ONLY=1` leaves AFL++'s own mutations of
/// bytes out, which know neither labels nor times. It is built without AFL++'s compiler: what it runs are the inputs that AFL++
/// keeps, to learn which goals they reach.
///
/// The functions are those of AFL++'s `docs/custom_mutators.md`.
#[macro_export]
macro_rules! afl_mutator {
    ($simulation:path $(,)?) => {
        /// Begins: AFL++ holds what is given until `afl_custom_deinit`.
        #[unsafe(no_mangle)]
        pub extern "C" fn afl_custom_init(
            _afl: *mut ::core::ffi::c_void,
            seed: ::core::ffi::c_uint,
        ) -> *mut ::core::ffi::c_void {
            let mutator = $crate::fuzz::AflMutator::new($simulation(), seed);
            ::std::boxed::Box::into_raw(::std::boxed::Box::new(mutator)).cast()
        }

        /// Makes an input, and gives its length.
        ///
        /// # Safety
        ///
        /// `mutator` is from `afl_custom_init`, and each pointer to bytes has its length beside it.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn afl_custom_fuzz(
            mutator: *mut ::core::ffi::c_void,
            bytes: *const u8,
            length: usize,
            out: *mut *const u8,
            other: *const u8,
            other_length: usize,
            most: usize,
        ) -> usize {
            let view = |bytes: *const u8, length: usize| match bytes.is_null() {
                true => &[][..],
                // SAFETY: AFL++ gives bytes that are there until the call returns, as many as it says.
                false => unsafe { ::core::slice::from_raw_parts(bytes, length) },
            };
            // SAFETY: AFL++ hands back what `afl_custom_init` gave it, to one thread.
            let mutator = unsafe { &mut *mutator.cast::<$crate::fuzz::AflMutator>() };
            let made = mutator.fuzz(view(bytes, length), ::core::option::Option::Some(view(other, other_length)), most);
            // SAFETY: it points to a place for one pointer; the bytes live until the next call.
            unsafe { *out = made.as_ptr() };
            made.len()
        }

        /// Hears that AFL++ keeps the last input.
        ///
        /// # Safety
        ///
        /// `mutator` is from `afl_custom_init`, `file` is a path that ends with a zero.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn afl_custom_queue_new_entry(
            mutator: *mut ::core::ffi::c_void,
            file: *const ::core::ffi::c_char,
            _parent: *const ::core::ffi::c_char,
        ) -> u8 {
            // SAFETY: AFL++ hands back what `afl_custom_init` gave it, to one thread, and a C string.
            let (mutator, file) =
                unsafe { (&mut *mutator.cast::<$crate::fuzz::AflMutator>(), ::core::ffi::CStr::from_ptr(file)) };
            mutator.keeps(::std::path::Path::new(&*file.to_string_lossy()));
            // the file is as it was
            0
        }

        /// Ends.
        ///
        /// # Safety
        ///
        /// `mutator` is from `afl_custom_init`, and is not used again.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn afl_custom_deinit(mutator: *mut ::core::ffi::c_void) {
            // SAFETY: it was a box, and AFL++ gives it back once.
            drop(unsafe { ::std::boxed::Box::from_raw(mutator.cast::<$crate::fuzz::AflMutator>()) });
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SimulationResult;
    use crate::choice::Tape;
    use crate::run::{SimContext, SimulationBuilder, Workload};
    use async_trait::async_trait;

    /// Climbs, one chance in 20 a step.
    struct Climber;

    #[async_trait(?Send)]
    impl Workload for Climber {
        fn name(&self) -> &str {
            "climber"
        }

        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            let mut height = 0;
            for _ in 0..40 {
                ctx.time().sleep(std::time::Duration::from_millis(1)).await;
                if ctx.random().random_range(0..20) == 7 {
                    height += 1;
                }
            }
            ctx.state().publish("height", height);
            Ok(())
        }
    }

    fn mutator() -> AflMutator {
        AflMutator::new(SimulationBuilder::new().workload(|| Box::new(Climber)), 1)
    }

    #[test]
    fn what_it_makes_are_tapes_and_a_function_of_what_was_kept() {
        let [mut one, mut other] = [mutator(), mutator()];
        let first = Tape::swarm(1).encode();
        let mut ways = BTreeSet::new();
        for n in 0..300 {
            let made = one.fuzz(&first, Some(&[1, 2, 3]), 4_096).to_vec();
            assert_eq!(made, other.fuzz(&first, Some(&[1, 2, 3]), 4_096), "call {n}");
            assert_eq!(Tape::decode(&made).encode(), made);
            ways.insert(Tape::decode(&made).rows().len().min(2));
        }
        assert!(ways.len() > 1, "fresh seeds have no rows, reseeds have");
    }

    #[test]
    fn what_is_kept_is_run_once_and_a_file_that_is_gone_is_no_matter() {
        let folder = tempfile::tempdir().unwrap();
        let mut mutator = mutator();
        let first = Tape::seeded(5).encode();
        mutator.fuzz(&first, None, 4_096);
        mutator.keeps(&folder.path().join("gone"));
        std::fs::write(folder.path().join("kept"), Tape::seeded(6).encode()).unwrap();
        mutator.keeps(&folder.path().join("kept"));
        mutator.keeps(&folder.path().join("kept"));
        mutator.fuzz(&first, None, 4_096);
        assert_eq!(mutator.learnt.len(), 2);
    }

    #[test]
    fn the_smallest_room_and_bytes_that_are_no_tape_are_borne() {
        let mut mutator = mutator();
        for most in [0, 1, 11, 12, 24] {
            let length = mutator.fuzz(b"no tape at all", None, most).len();
            assert!(length > 0 && length <= most.max(1), "{length} of {most}");
        }
        assert!(!mutator.fuzz(&[], Some(&[]), 100).is_empty());
    }
}
