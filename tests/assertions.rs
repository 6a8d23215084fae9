//! The assertion macros as a program outside the crate uses them.

// As strict as a user's crate may be: the linker section behind each macro counts as unsafe code,
// but as code of linkme's and not of the crate where the macro stands.
#![forbid(unsafe_code)]
#![deny(unused, missing_debug_implementations, unreachable_pub)]

use simfuzz::assert::{self, HOLDS, Kind, Record, catalogue};
use simfuzz::{
    assert_always, assert_always_greater_than, assert_always_greater_than_or_equal_to, assert_always_less_than,
    assert_always_less_than_or_equal_to, assert_always_or_unreachable, assert_reachable, assert_sometimes,
    assert_sometimes_all, assert_sometimes_each, assert_sometimes_greater_than,
    assert_sometimes_greater_than_or_equal_to, assert_sometimes_less_than, assert_sometimes_less_than_or_equal_to,
    assert_unreachable,
};
use std::cell::Cell;
use std::fmt;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs `program` once and returns what it recorded.
fn run(program: impl FnOnce()) -> Record {
    assert::begin();
    program();
    assert::end()
}

/// The names of all that was evaluated, in order.
fn evaluated(record: &Record) -> Vec<&'static str> {
    let names = record.evaluated().iter();
    names.map(|&id| catalogue().entry(id).name).collect()
}

/// The violations as `name: detail`.
fn violated(record: &Record) -> Vec<String> {
    let violations = record.violations.iter();
    violations.map(|violation| format!("{}: {}", violation.name, violation.detail)).collect()
}

/// The levels reached by the assertion called `name`.
fn levels(record: &Record, name: &str) -> Vec<u64> {
    let id = catalogue().find(name).expect(name).id;
    let reached = record.reached.iter().filter(|reach| reach.id == id);
    reached.map(|reach| reach.level).collect()
}

#[test]
fn all_fifteen_are_expressions() {
    fn check(case: u32) {
        match case {
            0 => assert_always!(true, "m always"),
            1 => assert_always_or_unreachable!(true, "m always or unreachable"),
            2 => assert_unreachable!("m unreachable"),
            3 => assert_reachable!("m reachable"),
            4 => assert_sometimes!(true, "m sometimes"),
            5 => assert_sometimes_all!("m all", [("a", true), ("b", true),]),
            6 => assert_sometimes_each!("m each", [("case", case),], [("quality", case),],),
            7 => assert_always_greater_than!(2, 1, "m always gt"),
            8 => assert_always_greater_than_or_equal_to!(1, 1, "m always ge"),
            9 => assert_always_less_than!(0, 1, "m always lt"),
            10 => assert_always_less_than_or_equal_to!(1, 1, "m always le"),
            11 => assert_sometimes_greater_than!(2, 1, "m sometimes gt"),
            12 => assert_sometimes_greater_than_or_equal_to!(1, 1, "m sometimes ge"),
            13 => assert_sometimes_less_than!(0, 1, "m sometimes lt"),
            _ => assert_sometimes_less_than_or_equal_to!(1, 1, "m sometimes le"),
        }
    }
    let record = run(|| (0..15).for_each(check));
    assert_eq!(record.evaluated().len(), 15);
    assert_eq!(violated(&record), ["m unreachable: "]);

    for &id in record.evaluated() {
        let entry = catalogue().entry(id);
        let held = u64::from(entry.kind != Kind::Unreachable);
        assert_eq!(record.held(id), held, "{}", entry.name);
        let reached = record.reached.iter().filter(|reach| reach.id == id);
        let ends = reached.filter(|reach| entry.is_end(reach.level)).count();
        assert_eq!(ends, usize::from(entry.kind.is_goal()), "{}", entry.name);
    }
}

#[test]
fn a_goal_that_is_never_evaluated_is_listed() {
    #[allow(dead_code)]
    fn never_called<T: fmt::Debug>(value: T) {
        assert_sometimes!(format!("{value:?}").is_empty(), "l in a generic function");
        let closure = || assert_reachable!("l in a closure");
        closure();
    }
    #[allow(dead_code)]
    async fn never_polled() {
        assert_always!(ready(true).await, "l in an async function");
    }
    let entry = |name| catalogue().find(name).expect(name);
    assert_eq!(entry("l in a generic function").kind, Kind::Sometimes);
    assert_eq!(entry("l in a closure").kind, Kind::Reachable);
    assert_eq!(entry("l in an async function").kind, Kind::Always);
    let place = entry("l in a closure").place();
    assert_eq!(place.module, module_path!());
    assert_eq!(place.file, file!());
}

#[test]
fn ids_are_dense_and_in_the_order_of_the_names() {
    let entries: Vec<_> = catalogue().iter().collect();
    assert_eq!(entries.len(), catalogue().len());
    for (id, entry) in (0..).zip(&entries) {
        assert_eq!(entry.id, id);
    }
    assert!(entries.is_sorted_by_key(|entry| entry.name));
}

#[test]
fn one_message_at_two_places_is_one_assertion() {
    let record = run(|| {
        assert_sometimes!(false, "o twice");
        assert_sometimes!(true, "o twice");
        assert_sometimes!(true, "o twice");
    });
    let entry = catalogue().find("o twice").unwrap();
    assert_eq!(entry.places.len(), 3);
    assert!(entry.places.is_sorted());
    assert_eq!(record.evaluated(), [entry.id]);
    assert_eq!((record.evaluations(entry.id), record.held(entry.id)), (3, 2));
    assert_eq!(record.reached.len(), 1);
}

#[test]
fn a_message_names_and_explains() {
    const MESSAGE: &str = "v constant";
    let key = "k";
    let record = run(|| {
        assert_always!(false, "v plain");
        assert_always!(false, "v captured {key}");
        assert_always!(false, "v given {} and {:>3}", key, 1 + 1,);
        assert_always!(false, format!("v format {key}"));
        assert_always!(false, format!("v format {}", key),);
        assert_always!(false, format!("v named {name}", name = key));
        assert_always!(false, MESSAGE);
        assert_always!(false, String::from("v expression"));
        assert_always!(false, "v details", { "key" => key, "two" => 2, });
        assert_always!(false, format!("v both {}", key), { "two" => 2 });
        assert_always!(false, "v both of {key}", { "two" => 2 },);
        assert_always!(false, "v no details", {});
        assert_unreachable!("v unreachable {key}", { "key" => key });
        assert_always_less_than!(2, 1, format!("v compared {key}"), { "key" => key });
    });
    assert_eq!(
        violated(&record),
        [
            "v plain: ",
            "v captured {key}: v captured k",
            "v given {} and {:>3}: v given k and   2",
            "v format {key}: v format k",
            "v format {}: v format k",
            "v named {name}: v named k",
            "MESSAGE: v constant",
            "String::from(\"v expression\"): v expression",
            "v details: key = k; two = 2",
            "v both {}: v both k; two = 2",
            "v both of {key}: v both of k; two = 2",
            "v no details: ",
            "v unreachable {key}: v unreachable k; key = k",
            "v compared {key}: 2 is not less than 1; v compared k; key = k",
        ]
    );
}

#[test]
fn a_message_is_evaluated_for_the_first_violation_only() {
    let evaluations = Cell::new(0);
    let count = || {
        evaluations.set(evaluations.get() + 1);
        evaluations.get()
    };
    let program = || {
        for holds in [true, false, false] {
            assert_always!(holds, format!("e always {}", count()));
            assert_sometimes!(holds, format!("e sometimes {}", count()));
            assert_reachable!("e reachable {}", count());
            assert_always!(holds, "e details", { "count" => count() });
        }
    };
    program();
    assert_eq!(evaluations.get(), 0, "outside a run");
    let record = run(program);
    assert_eq!(violated(&record), ["e always {}: e always 1", "e details: count = 2"]);
    assert_eq!(record.violations[0].count, 2);
}

#[test]
fn a_violation_says_where_and_when() {
    assert::begin();
    assert!(!assert::violated());
    assert::set_now(5);
    assert_always!(true, "w holds");
    assert::set_now(7);
    assert_always!(false, "w broken");
    let line = line!() - 1;
    assert!(assert::violated());
    assert::set_now(9);
    assert_always!(false, "w broken");
    let violation = assert::end().violations.remove(0);
    assert!(!assert::violated(), "no run, no violation");
    assert_eq!((violation.file, violation.line), (file!(), line));
    assert_eq!((violation.at, violation.kind), (7, Kind::Always));
    assert_eq!(catalogue().entry(violation.id).name, "w broken");
}

#[test]
fn outside_a_run_nothing_is_recorded() {
    assert_always!(false, "n always");
    assert_reachable!("n reachable");
    assert!(!assert::active() && !assert::violated());
    let record = run(|| assert!(assert::active()));
    assert!(record.evaluated().is_empty() && record.violations.is_empty());
    assert_always!(false, "n always");
    assert!(run(|| {}).violations.is_empty(), "a run starts clean");
}

#[test]
#[should_panic(expected = "this thread records a run already")]
fn a_run_inside_a_run_is_refused() {
    run(assert::begin);
}

#[test]
fn each_thread_has_a_run_of_its_own() {
    #[expect(clippy::disallowed_methods, reason = "threads are what is tested")]
    fn on_another_thread(program: fn()) {
        std::thread::spawn(program).join().unwrap();
    }
    let record = run(|| {
        on_another_thread(|| assert_reachable!("t elsewhere"));
        on_another_thread(|| assert_eq!(evaluated(&run(|| assert_reachable!("t other"))), ["t other"]));
        assert_reachable!("t here");
    });
    assert_eq!(evaluated(&record), ["t here"]);
}

#[test]
fn a_used_record_gives_its_buffers_back() {
    let program = || {
        for key in 0..10 {
            assert_sometimes_each!("b each", [("key", key)]);
        }
    };
    let first = run(program);
    let (text, buffer) = (format!("{first:?}"), first.reached.as_ptr());
    assert::recycle(first);
    let second = run(program);
    assert_eq!(format!("{second:?}"), text);
    assert_eq!(second.reached.as_ptr(), buffer);
}

#[test]
fn a_numeric_promise_is_a_guide_to_its_violation() {
    let record = run(|| {
        for used in [10_u64, 60, 50, 99, 100, 101, 200] {
            assert_always_less_than_or_equal_to!(used, 100_u32, "g room left");
        }
    });
    // 91, 41, 2, 1 to go (in bits: 7, 6, 2, 1), then beyond by 0 and 99
    assert_eq!(levels(&record, "g room left"), [57, 58, 62, 63, HOLDS, HOLDS + 7]);
    assert_eq!(violated(&record), ["g room left: 101 is not less than or equal to 100"]);
    assert_eq!(record.violations[0].count, 2);
}

#[test]
fn numbers_of_any_type_compare() {
    let record = run(|| {
        let (a, b, c) = (u64::MAX, -1_i8, 3_usize);
        assert_always_greater_than!(a, b, "x u64 over i8");
        assert_always_greater_than!(&a, i64::MAX, "x reference over i64");
        assert_always_less_than!(b, &&c, "x below");
        assert_always_greater_than_or_equal_to!(u128::MAX, i128::MAX, "x widest");
        assert_always_less_than!([1_u8, 2].iter().copied().max().unwrap(), 300, "x byte");
    });
    assert_eq!(record.evaluated().len(), 5);
    assert!(record.violations.is_empty(), "{:?}", violated(&record));
}

#[test]
fn keys_are_anything_that_casts() {
    #[derive(Clone, Copy)]
    enum Role {
        Leader = 4,
    }
    let record = run(|| {
        assert_sometimes_each!(
            "k each",
            [("role", Role::Leader), ("up", true), ("n", 7_u8), ("far", -2_i64), ("at", u64::MAX)],
        );
    });
    let bucket = record.buckets().next().unwrap();
    assert_eq!(bucket.keys, [4, 1, 7, -2, -1]);
    let entry = catalogue().entry(bucket.id);
    assert_eq!(entry.labels, ["role", "up", "n", "far", "at"]);
}

#[test]
fn the_order_of_qualities_is_their_weight() {
    let record = run(|| {
        for (health, gold) in [(1, 9), (1, 8), (2, 0), (2, 1), (1, 99)] {
            assert_sometimes_each!("q each", [("floor", 1)], [("health", health), ("gold", gold)]);
        }
    });
    let qualities: Vec<_> = record.reached.iter().map(|reach| reach.quality).collect();
    assert_eq!(qualities, [1 << 16 | 9, 2 << 16, 2 << 16 | 1]);
}

#[test]
fn all_of_several_conditions() {
    let record = run(|| {
        for state in [0b000, 0b101, 0b010, 0b111] {
            let bit = |n: u32| state >> n & 1 == 1;
            assert_sometimes_all!("a all", [("x", bit(0)), ("y", bit(1)), ("z", bit(2))]);
        }
    });
    let entry = catalogue().find("a all").unwrap();
    assert_eq!(levels(&record, "a all"), [2, 3]);
    assert_eq!([2, 3].map(|level| entry.is_end(level)), [false, true]);
    assert_eq!((record.evaluations(entry.id), record.held(entry.id)), (4, 1));
}

#[test]
fn generic_code_is_one_assertion() {
    fn size<T>() {
        assert_sometimes!(size_of::<T>() > 4, "c large type");
    }
    let record = run(|| {
        size::<u8>();
        size::<u64>();
    });
    let entry = catalogue().find("c large type").unwrap();
    assert_eq!(entry.places.len(), 1);
    assert_eq!((record.evaluations(entry.id), record.held(entry.id)), (2, 1));
}

#[test]
fn arguments_are_evaluated_where_they_stand() {
    async fn program(n: Result<u32, ()>) -> Result<(), ()> {
        assert_always!(ready(n?).await == 1, format!("s {}", ready(n?).await), { "n" => n? });
        // An item isn't hygienic: the macro's own must not be seen from here.
        const SITE: u32 = 5;
        let (site, name) = (1, 2);
        assert_always!(site + name == SITE, format!("s {site} {SITE}"), { "name" => name + SITE });
        Ok(())
    }
    let record = run(|| {
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(pin!(program(Err(()))).poll(&mut context), Poll::Ready(Err(())));
        assert_eq!(pin!(program(Ok(2))).poll(&mut context), Poll::Ready(Ok(())));
    });
    assert_eq!(violated(&record), ["s {}: s 2; n = 2", "s {site} {SITE}: s 1 5; name = 7"]);
}

#[test]
fn an_explanation_may_itself_assert() {
    struct Asserting;
    impl fmt::Display for Asserting {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            assert_always!(false, "i inner");
            f.write_str("shown")
        }
    }
    let record = run(|| assert_always!(false, format!("i outer {}", Asserting)));
    assert_eq!(violated(&record), ["i outer {}: i outer shown", "i inner: "]);
}
