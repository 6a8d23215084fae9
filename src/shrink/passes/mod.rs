//! The passes, in the order in which they pay: what drops much at once comes first.

mod actors;
mod chains;
mod drop;
mod earlier;
mod lower;
mod pairs;
mod redeal;
mod windows;

use super::shrinker::Shrinker;

/// Offers candidates that are simpler than the best.
type Pass = fn(&mut Shrinker<'_>);

/// Those that cost few runs for what they drop.
const DROP: [Pass; 9] = [
    drop::others,
    drop::families,
    drop::scopes,
    windows::take_out,
    drop::chunks,
    chains::take_out,
    earlier::close_up,
    earlier::earlier,
    pairs::merge,
];

/// Those that cost runs by the exception, or by the pair of them.
const CHANGE: [Pass; 7] =
    [actors::rename, redeal::ends, pairs::drop, lower::values, lower::equals, pairs::lower, pairs::exchange];

/// Runs all of them until none makes the tape simpler; false if the budget was spent before.
pub(super) fn all(shrinker: &mut Shrinker<'_>) -> bool {
    loop {
        let before = shrinker.best().clone();
        // what one of them drops lets others drop more
        loop {
            let exceptions = shrinker.best().len();
            run(&DROP, shrinker);
            if shrinker.best().len() == exceptions {
                break;
            }
        }
        run(&CHANGE, shrinker);
        if shrinker.is_over() {
            return false;
        }
        if *shrinker.best() == before {
            return true;
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
