//! The passes, in the order in which they pay: what drops much at once comes first.

mod actors;
mod chains;
mod drop;
mod earlier;
mod lower;
mod pairs;
mod redeal;
mod reseeds;
mod room;
mod time;
mod windows;

use super::shrinker::Shrinker;

/// Offers candidates that are simpler than the best.
type Pass = fn(&mut Shrinker<'_>);

/// Those that cost few runs for what they drop.
const DROP: [Pass; 12] = [
    drop::others,
    reseeds::unfold,
    drop::families,
    drop::scopes,
    windows::take_out,
    drop::chunks,
    time::cut_out,
    chains::take_out,
    earlier::close_up,
    earlier::earlier,
    pairs::merge,
    room::make,
];

/// Those that cost runs by the exception, or by the pair of them.
const CHANGE: [Pass; 8] = [
    actors::rename,
    redeal::ends,
    pairs::drop,
    lower::values,
    lower::equals,
    pairs::lower,
    pairs::exchange,
    earlier::with_faults,
];

/// After so many rounds that drop nothing it is over: times of millions of nanoseconds that hang on each
/// other can go down by one or two a round.
const ROUNDS: u32 = 6;

/// Runs all of them until none makes the tape simpler; false if the budget was spent before.
pub(super) fn all(shrinker: &mut Shrinker<'_>) -> bool {
    let mut left = ROUNDS;
    loop {
        let before = shrinker.best().clone();
        drop_all(shrinker);
        run(&CHANGE, shrinker);
        if shrinker.is_over() {
            return false;
        }
        left = if shrinker.best().len() < before.len() { ROUNDS } else { left - 1 };
        if *shrinker.best() == before || left == 0 {
            return true;
        }
    }
}

/// Runs those that drop until none does: what one of them drops lets others drop more.
fn drop_all(shrinker: &mut Shrinker<'_>) {
    loop {
        let exceptions = shrinker.best().len();
        run(&DROP, shrinker);
        if shrinker.best().len() == exceptions || shrinker.is_over() {
            return;
        }
    }
}

fn run(passes: &[Pass], shrinker: &mut Shrinker<'_>) {
    for pass in passes.iter() {
        if shrinker.is_over() {
            return;
        }
        pass(shrinker);
    }
}
