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

/// Pieces of at least a 32nd of all: to try each costs some hundred runs, however long the tape is.
const LARGE: usize = 32;

/// Of a long tape large pieces are dropped first, for as long as that helps: what is gone costs no runs in the
/// passes that try each exception.
const LARGE_FIRST: [Pass; 5] =
    [drop::others, reseeds::unfold, drop::families, windows::take_out_large, drop::large_chunks];

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

/// A tape of at most so many exceptions can be read.
const READABLE: usize = 25;

/// A tape that had no more than this is as short as it can be told.
const LONG: usize = 60;

/// Other ways down that are looked for: to look costs a hundred runs, to go one some thousand.
const OTHER_WAYS: u64 = 200;

/// Runs all of them until none makes the tape simpler, and goes other ways down while it is long to read; false
/// if the budget was spent before.
pub(super) fn all(shrinker: &mut Shrinker<'_>) -> bool {
    let whole = shrinker.best().len();
    let wanted = READABLE.min(whole / 10);
    let mut settled = settle(shrinker);
    for number in 0..OTHER_WAYS {
        if !settled || whole <= LONG || shrinker.best().len() <= wanted {
            break;
        }
        settled = match redeal::other_way(shrinker, number) {
            Some(true) => settle(shrinker),
            _ => !shrinker.is_over(),
        };
    }
    settled
}

/// Runs all of them until none makes the tape simpler; false if the budget was spent before.
fn settle(shrinker: &mut Shrinker<'_>) -> bool {
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
    until_none_drops(&LARGE_FIRST, shrinker);
    until_none_drops(&DROP, shrinker);
}

fn until_none_drops(passes: &[Pass], shrinker: &mut Shrinker<'_>) {
    loop {
        let exceptions = shrinker.best().len();
        run(passes, shrinker);
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
