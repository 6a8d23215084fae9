//! `select!` has tokio's grammar and meaning: one test for each sentence of its page.
//!
//! The futures are ready at once or never, or after some polls, so that a test says by hand
//! what is polled and no executor is needed.

#![cfg(feature = "sim")]

use simfuzz::select;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, IntoFuture, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Polls `future` until it is done, at most a hundred times.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("the future is not done after 100 polls");
}

/// Is ready with `value` at the poll after `polls` others.
async fn after<T>(polls: u32, value: T) -> T {
    let mut left = polls;
    poll_fn(|_| match left.checked_sub(1) {
        Some(fewer) => {
            left = fewer;
            Poll::Pending
        }
        None => Poll::Ready(()),
    })
    .await;
    value
}

/// Writes its name into `log` when dropped.
struct Dropped<'a> {
    name: &'static str,
    log: &'a RefCell<Vec<&'static str>>,
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.log.borrow_mut().push(self.name);
    }
}

#[test]
fn the_first_that_completes_is_taken() {
    let taken = block_on(async {
        select! {
            name = after(3, "slow") => name,
            name = after(1, "fast") => name,
            _ = pending::<()>() => "never",
        }
    });
    assert_eq!(taken, "fast");
}

#[test]
fn biased_starts_with_the_first() {
    for _ in 0..20 {
        let taken = block_on(async {
            select! {
                biased;
                n = ready(0) => n,
                n = ready(1) => n,
            }
        });
        assert_eq!(taken, 0);
    }
}

#[test]
fn commas_are_as_in_a_match() {
    let taken = block_on(async {
        let mut sum = 0;
        for round in 0..4 {
            select! {
                _ = ready(()), if round == 0 => { sum += 1 }
                _ = ready(()), if round == 1 => { sum += 10 },
                _ = ready(()), if round == 2 => sum += 100,
                _ = ready(()), if round == 3 => { sum += 1000 }
            }
        }
        sum
    });
    assert_eq!(taken, 1111);
}

#[test]
fn the_last_handler_needs_no_comma() {
    block_on(async {
        let n = select! { n = ready(7) => n + 1 };
        assert_eq!(n, 8);
        let n = select! { n = ready(7), if true => n + 1 };
        assert_eq!(n, 8);
        let n = select! { Some(n) = ready(None) => n, else => 3 };
        assert_eq!(n, 3);
        let n = select! { Some(n) = ready(None) => { n } else => { 4 } };
        assert_eq!(n, 4);
        let n = select! { else => 5 };
        assert_eq!(n, 5);
        let n = select! { biased; else => 5, };
        assert_eq!(n, 5);
    });
}

#[test]
fn a_disabled_branch_is_evaluated_and_not_polled() {
    let evaluated = Cell::new(0);
    let polled = Cell::new(false);
    let future = || {
        evaluated.set(evaluated.get() + 1);
        async { polled.set(true) }
    };
    block_on(async {
        select! {
            biased;
            _ = future(), if false => unreachable!(),
            _ = after(5, ()) => {}
        }
    });
    assert_eq!(evaluated.get(), 1);
    assert!(!polled.get());
}

#[test]
fn conditions_come_first_and_once() {
    let log = RefCell::new(Vec::new());
    let note = |text| {
        log.borrow_mut().push(text);
        true
    };
    block_on(async {
        select! {
            _ = { note("future 0"); after(5, ()) }, if note("condition 0") => {}
            _ = { note("future 1"); after(9, ()) }, if note("condition 1") => {}
        }
    });
    assert_eq!(*log.borrow(), ["condition 0", "condition 1", "future 0", "future 1"]);
}

#[test]
fn a_value_that_does_not_match_disables_its_branch() {
    let polls = Cell::new(0);
    let once = poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::Ready(None::<u32>)
    });
    let taken = block_on(async {
        select! {
            Some(n) = once => n,
            n = after(10, 9) => n,
        }
    });
    assert_eq!(taken, 9);
    assert_eq!(polls.get(), 1, "it is not polled again");
}

#[test]
#[should_panic(expected = "select!: all branches are disabled and there is no `else`")]
fn all_disabled_without_else_panics() {
    block_on(async {
        select! {
            Some(()) = ready(None) => {}
            _ = ready(()), if false => {}
        }
    });
}

#[test]
fn the_futures_are_dropped_first_to_last_before_the_handler() {
    let log = RefCell::new(Vec::new());
    let holding = |name, polls| {
        let held = Dropped { name, log: &log };
        async move {
            after(polls, ()).await;
            let _held = held;
        }
    };
    block_on(async {
        select! {
            _ = holding("a", 9) => unreachable!(),
            _ = holding("b", 1) => log.borrow_mut().push("handler"),
            _ = holding("c", 9) => unreachable!(),
            _ = holding("d", 9), if false => unreachable!(),
        }
    });
    // b is dropped by itself, when it completes
    assert_eq!(*log.borrow(), ["b", "a", "c", "d", "handler"]);

    log.borrow_mut().clear();
    {
        let mut cancelled = pin!(async {
            select! {
                _ = holding("a", 9) => {}
                _ = holding("b", 9) => {}
            }
        });
        let mut context = Context::from_waker(Waker::noop());
        assert!(cancelled.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(*log.borrow(), ["a", "b"]);
}

#[test]
fn a_handler_may_use_what_the_futures_borrowed() {
    async fn push(numbers: &mut Vec<u32>, n: u32, polls: u32) -> usize {
        after(polls, ()).await;
        numbers.push(n);
        numbers.len()
    }
    let (mut left, mut right) = (vec![1], vec![2]);
    block_on(async {
        select! {
            len = push(&mut left, 3, 1) => { left.push(len as u32); right.push(0) }
            len = push(&mut right, 4, 8) => { right.push(len as u32); left.push(0) }
        }
    });
    assert_eq!((left, right), (vec![1, 3, 2], vec![2, 0]));
}

#[test]
fn handlers_act_on_the_enclosing_function() {
    async fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
        let mut rounds = 0;
        let n: u32 = 'outer: loop {
            rounds += 1;
            select! {
                text = ready(text), if rounds > 2 => break 'outer text.parse()?,
                _ = ready(()), if rounds == 1 => continue,
                _ = ready(()), if text.is_empty() => return Ok(0),
                _ = async {}, if rounds == 2 => {}
            }
            assert_eq!(rounds, 2);
        };
        Ok(n + 1)
    }
    assert_eq!(block_on(parse("41")), Ok(42));
    assert_eq!(block_on(parse("")), Ok(0));
    assert!(block_on(parse("forty")).is_err());
}

#[test]
fn handlers_and_futures_may_await_and_question() {
    async fn run() -> Result<u32, String> {
        let taken = select! {
            n = after(after(1, 2).await, ready(Ok::<u32, String>(1)).await?) => after(2, n).await,
            n = pending() => n,
        };
        select! {
            n = ready(Err::<u32, _>("no".to_string())), if taken == 1 => n,
            else => Ok(0),
        }
    }
    assert_eq!(block_on(run()), Err("no".to_string()));
}

#[test]
fn patterns_of_all_sorts() {
    #[derive(Debug, PartialEq)]
    struct Boxed(Box<u32>);
    block_on(async {
        select! { mut n = ready(1) => { n += 1; assert_eq!(n, 2) } }
        select! { Some(mut boxed) = ready(Some(Boxed(Box::new(1)))) => {
            *boxed.0 += 1;
            assert_eq!(boxed, Boxed(Box::new(2)));
        } }
        select! { ref mut boxed = ready(Boxed(Box::new(1))) => *boxed.0 = 3 }
        select! { (ref a, b) = ready((1, String::new())) => assert_eq!((*a, b.len()), (1, 0)) }
        select! { &n = ready(&1) => assert_eq!(n, 1) }
        select! { Ok(n) | Err(n) = ready(Err::<u32, u32>(4)) => assert_eq!(n, 4) }
        select! { all @ [first, .., last] = ready([1, 2, 3]) => {
            assert_eq!((all, first, last), ([1, 2, 3], 1, 3));
        } }
        select! { 1..=5 = ready(3) => {}, else => unreachable!() }
        select! { Some(()) | None = ready(None) => {} }
        select! { unused = pending::<Infallible>() => match unused {}, _ = ready(()) => {} }
    });
}

#[test]
fn a_future_may_be_a_reference_or_be_made_into_one() {
    struct Later(u32);
    impl IntoFuture for Later {
        type Output = u32;
        type IntoFuture = Pin<Box<dyn Future<Output = u32>>>;
        fn into_future(self) -> Self::IntoFuture {
            Box::pin(after(self.0, self.0))
        }
    }
    let mut polled_twice = pin!(after(2, "kept"));
    let taken = block_on(async {
        select! {
            _ = &mut polled_twice => unreachable!(),
            n = Later(1) => assert_eq!(n, 1),
        }
        // A temporary lives as long as the futures.
        select! {
            n = async { 1 }, if false => n,
            n = &mut Box::pin(after(2, 2)) => n,
        };
        polled_twice.await
    });
    assert_eq!(taken, "kept");
}

#[test]
#[expect(clippy::just_underscores_and_digits, reason = "such names are in the macro")]
fn names_of_the_macro_do_not_hide_the_users() {
    let (_0, selected, disabled, start, context, output) = (1, 2, 3, 4, 5, 6);
    let sum = block_on(async {
        select! {
            n = ready(_0 + selected) => n + disabled + start + context + output,
        }
    });
    assert_eq!(sum, 21);
}

#[test]
fn selects_nest() {
    let taken = block_on(async {
        select! {
            n = async { select! { n = ready(1) => n, n = after(1, 2) => n } } => {
                select! { m = ready(n) => n + m }
            }
        }
    });
    assert_eq!(taken, 2);
}

#[test]
fn twenty_branches() {
    for wanted in 0..20 {
        let on = |branch| branch == wanted;
        let taken = block_on(async {
            select! {
                n = ready(0), if on(0) => n, n = ready(1), if on(1) => n,
                n = ready(2), if on(2) => n, n = ready(3), if on(3) => n,
                n = ready(4), if on(4) => n, n = ready(5), if on(5) => n,
                n = ready(6), if on(6) => n, n = ready(7), if on(7) => n,
                n = ready(8), if on(8) => n, n = ready(9), if on(9) => n,
                n = ready(10), if on(10) => n, n = ready(11), if on(11) => n,
                n = ready(12), if on(12) => n, n = ready(13), if on(13) => n,
                n = ready(14), if on(14) => n, n = ready(15), if on(15) => n,
                n = ready(16), if on(16) => n, n = ready(17), if on(17) => n,
                n = ready(18), if on(18) => n, n = ready(19), if on(19) => n,
            }
        });
        assert_eq!(taken, wanted);
    }
}

#[test]
fn it_is_send_if_its_branches_are() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let taken = block_on(is_send(async {
        select! {
            n = after(1, 1) => n,
            n = pending() => n,
        }
    }));
    assert_eq!(taken, 1);
}
