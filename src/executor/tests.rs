//! Wakers and the table of tasks, by scenarios that Miri can run too: what is kept past its task, its run or its thread.

use super::*;
use std::task::{Context, Poll};
use std::thread;

const HOST: HostId = HostId(0);

/// A future that is never done, and drops what it holds.
fn pending<T: 'static>(holds: T) -> LocalFuture {
    Box::pin(async move {
        let _holds = holds;
        std::future::pending::<()>().await;
    })
}

fn tasks(run: u64) -> Tasks {
    let mut tasks = Tasks::default();
    tasks.start(run);
    tasks
}

/// Polls a task once, as the run does.
fn poll(tasks: &mut Tasks, id: TaskId) -> Poll<()> {
    let mut body = tasks.take(id).expect("it is there");
    let (future, waker) = &mut *body;
    let polled = future.as_mut().poll(&mut Context::from_waker(waker));
    match polled {
        Poll::Pending => assert!(tasks.put(id, body).is_none()),
        Poll::Ready(()) => drop(tasks.remove(id)),
    }
    polled
}

/// The waker of a task's body.
fn waker(tasks: &mut Tasks, id: TaskId) -> Waker {
    tasks.get(id).and_then(|task| task.body.as_ref()).map(|body| body.1.clone()).expect("it is there")
}

#[test]
fn tasks_are_ready_in_the_order_they_were_woken_and_once() {
    let mut tasks = tasks(1);
    let ids = [(); 3].map(|()| tasks.spawn(HOST, 0, None, pending(())));
    for id in ids {
        assert_eq!(tasks.next_ready(), Some(id));
        assert_eq!(poll(&mut tasks, id), Poll::Pending);
    }
    assert!(Tasks::idle());
    let wakers = ids.map(|id| waker(&mut tasks, id));
    for index in [2, 0, 2, 0] {
        wakers[index].wake_by_ref();
    }
    tasks.wake(ids[0]);
    assert_eq!([tasks.next_ready(), tasks.next_ready(), tasks.next_ready()], [Some(ids[2]), Some(ids[0]), None]);
    tasks.finish();
}

#[test]
fn a_waker_that_outlives_its_task_wakes_nobody() {
    let mut tasks = tasks(1);
    let old = tasks.spawn(HOST, 0, None, pending(()));
    let kept = waker(&mut tasks, old);
    drop(tasks.remove(old));
    let new = tasks.spawn(HOST, 0, None, pending(()));
    assert_eq!((new.slot, new.generation), (old.slot, old.generation + 1));
    assert_eq!(tasks.next_ready(), Some(new));
    assert_eq!(poll(&mut tasks, new), Poll::Pending);
    kept.wake();
    assert_eq!(tasks.next_ready(), None);
    assert!(tasks.take(old).is_none() && tasks.remove(old).is_none());
    tasks.finish();
}

#[test]
fn a_waker_that_outlives_its_run_wakes_nobody() {
    let mut tasks = tasks(1);
    let id = tasks.spawn(HOST, 0, None, pending(()));
    let kept = waker(&mut tasks, id);
    tasks.finish();
    kept.wake_by_ref();
    assert!(Tasks::idle());
    tasks.start(2);
    let id = tasks.spawn(HOST, 0, None, pending(()));
    assert_eq!(tasks.next_ready(), Some(id));
    assert_eq!(poll(&mut tasks, id), Poll::Pending);
    kept.wake();
    assert!(Tasks::idle() && !tasks.woken_from_outside());
    tasks.finish();
}

#[test]
fn a_task_that_wakes_itself_is_ready_again() {
    let mut tasks = tasks(1);
    let mut left = 3;
    let future = std::future::poll_fn(move |context| {
        left -= 1;
        context.waker().wake_by_ref();
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
    let id = tasks.spawn(HOST, 0, None, Box::pin(future));
    let mut polls = 0;
    while let Some(id) = tasks.next_ready() {
        let _ = poll(&mut tasks, id);
        polls += 1;
    }
    assert_eq!(polls, 3);
    assert!(tasks.get(id).is_none());
    tasks.finish();
}

#[test]
fn a_task_that_is_killed_while_it_is_polled_gives_its_future_back() {
    let mut tasks = tasks(1);
    let held = std::rc::Rc::new(());
    let id = tasks.spawn(HOST, 0, None, pending(held.clone()));
    let body = tasks.take(id).expect("it is there");
    assert!(tasks.remove(id).is_none(), "it is out");
    assert_eq!(std::rc::Rc::strong_count(&held), 2);
    drop(tasks.put(id, body));
    assert_eq!(std::rc::Rc::strong_count(&held), 1);
    tasks.finish();
}

#[test]
fn another_thread_that_wakes_is_noticed_and_wakes_nobody() {
    let mut tasks = tasks(7);
    let id = tasks.spawn(HOST, 0, None, pending(()));
    let kept = waker(&mut tasks, id);
    assert_eq!(tasks.next_ready(), Some(id));
    assert_eq!(poll(&mut tasks, id), Poll::Pending);
    thread::scope(|scope| {
        for _ in 0..2 {
            let waker = kept.clone();
            scope.spawn(move || waker.wake());
        }
    });
    assert!(tasks.woken_from_outside() && Tasks::idle());
    // and later, when the run is over
    tasks.finish();
    tasks.start(8);
    thread::scope(|scope| drop(scope.spawn(|| kept.wake_by_ref())));
    assert!(!tasks.woken_from_outside());
    tasks.finish();
}

#[test]
fn a_waiter_knows_the_task_that_is_polled() {
    let mut tasks = tasks(1);
    let [one, other] = [(); 2].map(|()| tasks.spawn(HOST, 0, None, pending(())));
    let others = waker(&mut tasks, other);
    let body = tasks.take(one).expect("it is there");
    let mut waiters = Vec::new();
    for waker in [&body.1, &others, &body.1, &others] {
        tasks.waiter(waker).join(&mut waiters);
    }
    assert!(matches!(waiters[..], [Waiter::Task(id), Waiter::Other(_)] if id == one), "{waiters:?}");
    drop(tasks.put(one, body));
    tasks.finish();
}
