//! The same processes in a simulation and on this machine: both must tell the same story.
//!
//! `processes.rs` is compiled twice, over the simulator's `ctx` and over the real one. A build with one
//! of the features has one of the sides.
#![cfg(all(any(feature = "sim", feature = "tokio"), unix))]
#![cfg_attr(
    all(feature = "sim", feature = "tokio"),
    expect(clippy::duplicate_mod, reason = "the processes are compiled over both worlds")
)]

#[cfg(feature = "tokio")]
mod real;
#[cfg(feature = "sim")]
mod simulated;

macro_rules! on_both_sides {
    ($($process:ident)*) => {
        /// What is told of each, written down once: the sides are in different builds too.
        #[test]
        fn every_process_is_asked() {
            let asked: &[&str] = &[$(stringify!($process)),*];
            let text = include_str!("processes.rs");
            let written = text.lines().filter_map(|line| line.strip_prefix("pub(in super::super) async fn "));
            let written: Vec<_> = written.map(|line| line.split('(').next().unwrap()).collect();
            assert_eq!(written, asked);
        }

        $(
            mod $process {
                #[cfg(feature = "sim")]
                #[test]
                fn simulated() {
                    let told = crate::simulated::run(async |ctx| crate::simulated::processes::$process(ctx).await);
                    crate::check(stringify!($process), &told);
                }

                #[cfg(feature = "tokio")]
                #[test]
                fn real() {
                    let told = crate::real::run(async |ctx| crate::real::processes::$process(ctx).await);
                    crate::check(stringify!($process), &told);
                }
            }
        )*
    };
}

/// Both sides are compared with what the process says is right, so that neither needs the other.
fn check(process: &str, told: &[String]) {
    let text = include_str!("processes.rs");
    let at = text.find(&format!("async fn {process}(")).unwrap();
    let above = text[..at].lines().rev().skip(1).take_while(|line| line.starts_with("//"));
    let mut expected: Vec<_> = above.filter_map(|line| line.strip_prefix("//> ")).collect();
    expected.reverse();
    assert_eq!(told, expected, "{process}");
}

on_both_sides! {
    a_connection_is_kept_alive
    halves_of_a_stream
    a_timeout_comes_first_or_not
    a_file_is_written_synced_read_back_and_renamed
    files_by_their_free_functions
    streams_of_files
    tasks_are_joined_and_aborted
    a_set_of_tasks
    an_interval_ticks
    an_interval_leaves_out_what_was_missed
    sleeps_are_moved
    selects_take_who_is_ready
    tasks_talk_through_channels
    datagrams_come_and_go
    randomness_keeps_to_its_ranges
    it_knows_who_it_is
    what_is_for_simulations_does_no_harm
    errors_become_its_own
}
