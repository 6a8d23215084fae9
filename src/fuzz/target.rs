//! The macro that makes a whole fuzz target of a simulation.

/// Makes a fuzz target of a function that gives a [`Simulation`](crate::Simulation) (or a
/// builder of one). One file, two builds:
///
/// ```no_run
/// #![cfg_attr(fuzzing, no_main)]
/// # mod bank {
/// #     pub fn simulation() -> simfuzz::SimulationBuilder { simfuzz::SimulationBuilder::new() }
/// # }
/// # mod target {
/// # use super::bank;
/// simfuzz::sim_target!(bank::simulation);
/// # pub fn run() { main(); }
/// # }
/// # fn main() { target::run(); }
/// ```
///
/// With `cfg(fuzzing)`, which cargo-fuzz sets, it is a libFuzzer target: its inputs are tapes,
/// its mutator knows them, goals are features, and a finding is a crash. The package needs
/// `libfuzzer-sys` under `[target.'cfg(fuzzing)'.dependencies]`. Otherwise it is a plain program
/// on stable Rust: `replay FILE...`, `seeds N`, `explore`, `goals`, `promote`, `regress`.
#[cfg(fuzzing)]
#[macro_export]
macro_rules! sim_target {
    ($simulation:path $(,)?) => {
        ::libfuzzer_sys::fuzz_target!(
            init: $crate::fuzz::init(::core::env!("CARGO_BIN_NAME"), $simulation()),
            |input: $crate::fuzz::Input| -> ::libfuzzer_sys::Corpus {
                match $crate::fuzz::one(&input) {
                    true => ::libfuzzer_sys::Corpus::Keep,
                    false => ::libfuzzer_sys::Corpus::Reject,
                }
            }
        );

        ::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::fuzz::mutate(data, size, max_size, seed)
        });

        ::libfuzzer_sys::fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| {
            $crate::fuzz::crossover(first, second, out, seed)
        });
    };
}

/// Makes a fuzz target of a function that gives a [`Simulation`](crate::Simulation) (or a
/// builder of one). One file, two builds:
///
/// ```no_run
/// #![cfg_attr(fuzzing, no_main)]
/// # mod bank {
/// #     pub fn simulation() -> simfuzz::SimulationBuilder { simfuzz::SimulationBuilder::new() }
/// # }
/// # mod target {
/// # use super::bank;
/// simfuzz::sim_target!(bank::simulation);
/// # pub fn run() { main(); }
/// # }
/// # fn main() { target::run(); }
/// ```
///
/// With `cfg(fuzzing)`, which cargo-fuzz sets, it is a libFuzzer target: its inputs are tapes,
/// its mutator knows them, goals are features, and a finding is a crash. The package needs
/// `libfuzzer-sys` under `[target.'cfg(fuzzing)'.dependencies]`. Otherwise it is a plain program
/// on stable Rust: `replay FILE...`, `seeds N`, `explore`, `goals`, `promote`, `regress`.
#[cfg(not(fuzzing))]
#[macro_export]
macro_rules! sim_target {
    ($simulation:path $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::harness::main($simulation)
        }
    };
}
