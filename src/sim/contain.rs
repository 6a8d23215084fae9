//! Panics of simulated code: caught at the poll, silent, and told with their place.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Is simulated code running on this thread, so that a panic is ours to report?
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

const NO_TEXT: &str = "a panic whose payload is no text";

/// A panic of simulated code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Panic {
    pub(crate) message: String,
    /// `src/lib.rs:41:9`, when it is known.
    pub(crate) place: String,
}

/// Wraps the panic hook, once a process: contained panics are kept, all others go on to the hook
/// that was there before. (libfuzzer-sys aborts in its hook, before anything unwinds.)
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if CONTAINED.try_with(Cell::get) == Ok(true) {
                LAST.with(|last| {
                    if let Ok(mut last) = last.try_borrow_mut() {
                        *last = Some(describe(panic));
                    }
                });
            } else {
                before(panic);
            }
        }));
    });
}

fn describe(panic: &PanicHookInfo<'_>) -> Panic {
    let message = match panic.payload_as_str() {
        Some(message) => message.to_owned(),
        None => NO_TEXT.to_owned(),
    };
    let place = panic
        .location()
        .map(|place| format!("{}:{}:{}", crate::choice::short_file(place.file()), place.line(), place.column()));
    Panic { message, place: place.unwrap_or_default() }
}

/// Runs `f`; a panic inside is the result instead of the end of the process.
pub(crate) fn contained<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    let outer = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    CONTAINED.set(outer);
    result.map_err(|payload| described(&*payload))
}

/// The panic that unwound to here. One that began elsewhere, as that of a thread which was joined, is passed on without a
/// call of the hook; the last one that the hook has seen may then be another, which the code under test has caught.
fn described(payload: &(dyn Any + Send)) -> Panic {
    let text = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
    let message = text.unwrap_or(NO_TEXT);
    let passed_on = || Panic { message: message.to_owned(), place: "another thread".to_owned() };
    LAST.take().filter(|last| last.message == message).unwrap_or_else(passed_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contained_panic_is_a_value() {
        install_hook();
        let caught = contained(|| panic!("no {}", 7)).unwrap_err();
        assert_eq!(caught.message, "no 7");
        assert!(caught.place.starts_with("sim/contain.rs:"), "{}", caught.place);
        assert_eq!(contained(|| 3), Ok(3));
    }

    #[test]
    fn a_panic_that_is_passed_on_keeps_its_message() {
        install_hook();
        let caught = contained::<()>(|| std::panic::resume_unwind(Box::new("of a thread"))).unwrap_err();
        assert_eq!((&*caught.message, &*caught.place), ("of a thread", "another thread"));
        // and is not taken for one that was caught before
        let caught = contained::<()>(|| {
            drop(catch_unwind(|| panic!("caught by the program")));
            std::panic::resume_unwind(Box::new("a second one".to_owned()))
        })
        .unwrap_err();
        assert_eq!(caught.message, "a second one");
    }
}
