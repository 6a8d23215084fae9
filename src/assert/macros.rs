//! The macros: each captures the place where it stands, and calls a function. Those about numbers
//! are in `comparisons`.
//!
//! All are expressions of type `()`. Their values are evaluated once, and in every build; their
//! messages as the room's page says.

/// States a promise: `condition` is true whenever it is evaluated here.
///
/// A false condition is a violation of the run and does not panic. A campaign in which this is
/// never evaluated has not tested the promise and reports that; where this is fine, use
/// [`assert_always_or_unreachable!`](crate::assert_always_or_unreachable).
///
/// After the [message](crate::assert#the-message) may come details, which are evaluated and
/// shown only with the first violation of a run.
///
/// ```
/// use simfuzz::{assert, assert_always};
///
/// assert::begin();
/// let (key, wrote, read) = ("a", 3, 2);
/// assert_always!(read <= wrote, "read ahead of the log");
/// assert_always!(wrote == read, format!("read mismatch for key '{}'", key));
/// assert_always!(wrote == read, "write lost", { "key" => key, "read" => read });
/// let violations = assert::end().violations;
///
/// assert_eq!(violations[0].name, "read mismatch for key '{}'");
/// assert_eq!(violations[0].detail, "read mismatch for key 'a'");
/// assert_eq!(violations[1].name, "write lost");
/// assert_eq!(violations[1].detail, "key = a; read = 2");
/// ```
#[macro_export]
macro_rules! assert_always {
    ($condition:expr, $($message:tt)+) => {{
        let site = $crate::__site!(Always, [], $($message)+);
        if $crate::assert::always(site, $condition) {
            $crate::__explain!(site, $($message)+);
        }
    }};
}

/// States a promise that need not be put to the test: `condition` is true whenever it is
/// evaluated here, and it may never be.
///
/// As [`assert_always!`](crate::assert_always), for code that a healthy run doesn't enter.
///
/// ```
/// use simfuzz::{assert, assert_always_or_unreachable};
///
/// assert::begin();
/// let retries = 4;
/// assert_always_or_unreachable!(retries < 3, "gave up late", { "retries" => retries });
/// assert_eq!(assert::end().violations[0].detail, "retries = 4");
/// ```
#[macro_export]
macro_rules! assert_always_or_unreachable {
    ($condition:expr, $($message:tt)+) => {{
        let site = $crate::__site!(AlwaysOrUnreachable, [], $($message)+);
        if $crate::assert::always(site, $condition) {
            $crate::__explain!(site, $($message)+);
        }
    }};
}

/// States that no run comes here.
///
/// To come here is a violation and does not panic; the program goes on. Details may follow the
/// [message](crate::assert#the-message), as with [`assert_always!`](crate::assert_always).
///
/// ```
/// use simfuzz::{assert, assert_unreachable};
///
/// fn decode(tag: u8) -> Option<bool> {
///     match tag {
///         0 => Some(false),
///         1 => Some(true),
///         _ => {
///             assert_unreachable!("bad tag on disk", { "tag" => tag });
///             None
///         }
///     }
/// }
///
/// assert::begin();
/// decode(7);
/// assert_eq!(assert::end().violations[0].detail, "tag = 7");
/// ```
#[macro_export]
macro_rules! assert_unreachable {
    ($($message:tt)+) => {{
        let site = $crate::__site!(Unreachable, [], $($message)+);
        if $crate::assert::unreachable(site) {
            $crate::__explain!(site, $($message)+);
        }
    }};
}

/// States a goal: some run of the campaign comes here.
///
/// ```
/// use simfuzz::{assert, assert_reachable};
///
/// assert::begin();
/// assert::set_now(40);
/// assert_reachable!("snapshot installed");
/// assert_reachable!("snapshot installed");
/// let record = assert::end();
///
/// assert_eq!(record.reached.len(), 1, "the first hit counts");
/// assert_eq!(record.reached[0].at, 40);
/// ```
#[macro_export]
macro_rules! assert_reachable {
    ($($message:tt)+) => {{
        let site = $crate::__site!(Reachable, [], $($message)+);
        $crate::__check_message!($($message)+);
        $crate::assert::reachable(site);
    }};
}

/// States a goal: in some run of the campaign, `condition` is true here.
///
/// ```
/// use simfuzz::{assert, assert_sometimes};
///
/// assert::begin();
/// for queued in [0, 3, 8] {
///     assert_sometimes!(queued > 5, "queue fills up");
/// }
/// let record = assert::end();
///
/// let goal = assert::catalogue().find("queue fills up").unwrap();
/// assert_eq!(record.evaluations(goal.id), 3);
/// assert_eq!(record.held(goal.id), 1);
/// assert_eq!(record.reached.len(), 1);
/// ```
#[macro_export]
macro_rules! assert_sometimes {
    ($condition:expr, $($message:tt)+) => {{
        let site = $crate::__site!(Sometimes, [], $($message)+);
        $crate::__check_message!($($message)+);
        $crate::assert::sometimes(site, $condition);
    }};
}

/// States a goal: in some run of the campaign, all the named conditions are true here at once.
///
/// Each time that more of them are true at once than before is a step.
///
/// ```
/// use simfuzz::{assert, assert_sometimes_all};
///
/// assert::begin();
/// for (cut, full) in [(false, false), (false, true), (true, false), (true, true)] {
///     assert_sometimes_all!("cut off with a full disk", [("cut", cut), ("full", full)]);
/// }
/// let levels: Vec<u64> = assert::end().reached.iter().map(|reach| reach.level).collect();
/// assert_eq!(levels, [1, 2]);
/// ```
#[macro_export]
macro_rules! assert_sometimes_all {
    ($name:literal, [$(($label:expr, $condition:expr)),+ $(,)?] $(,)?) => {{
        let site = $crate::__site!(SometimesAll, [$($label),+], $name);
        $crate::assert::sometimes_all(site, &[$($condition),+]);
    }};
}

/// States that there is something to discover here for each value of some keys.
///
/// Each tuple of keys that a run had not seen is a step: the fuzzer learns to tell "reached
/// floor 3" from "reached floor 4". Keys are taken `as i64`, so booleans and plain enums do. At
/// most [`BUCKETS_MAX`](crate::assert::BUCKETS_MAX) tuples a run are recorded: keys are small
/// numbers, not addresses or amounts.
///
/// An optional third argument names up to four qualities, the weightiest first, each from 0 to
/// 65535: a known tuple with a better quality is a step as well.
///
/// ```
/// use simfuzz::{assert, assert_sometimes_each};
///
/// assert::begin();
/// for (floor, health) in [(1, 50), (2, 20), (2, 10), (2, 30)] {
///     assert_sometimes_each!("descended", [("floor", floor)], [("health", health)]);
/// }
/// let record = assert::end();
///
/// let steps: Vec<u64> = record.reached.iter().map(|reach| reach.quality).collect();
/// assert_eq!(steps, [50, 20, 30]);
/// let floors: Vec<_> = record.buckets().map(|bucket| (bucket.keys[0], bucket.quality)).collect();
/// assert_eq!(floors, [(1, 50), (2, 30)]);
/// ```
#[macro_export]
macro_rules! assert_sometimes_each {
    (
        $name:literal,
        [$(($label:expr, $key:expr)),+ $(,)?]
        $(, [$(($quality_label:expr, $quality:expr)),* $(,)?])?
        $(,)?
    ) => {{
        let site = $crate::__site!(SometimesEach, [$($label),+], $name);
        $crate::assert::sometimes_each(
            site,
            &[$($key as i64),+],
            [$($({
                let _: &str = $quality_label;
                $quality as i64
            }),*)?],
        );
    }};
}

/// The site of an assertion, named by its message.
///
/// The static is in a block of its own: an item is not hygienic, and would hide a `SITE` of the
/// user's from the arguments.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    (@ $kind:expr, [$($label:expr),*], $name:expr) => {{
        #[$crate::__private::linkme::distributed_slice($crate::assert::SITES)]
        #[linkme(crate = $crate::__private::linkme)]
        #[allow(clippy::arithmetic_side_effects)]
        static SITE: $crate::assert::Site = $crate::assert::Site::new(
            $kind,
            $name,
            &[$($label),*],
            $crate::assert::Place {
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
            },
            $crate::assert::Build {
                debug_assertions: ::core::cfg!(debug_assertions),
                next: |byte: u8| byte + 1,
            },
        );
        &SITE
    }};
    ($kind:ident $(($comparison:expr))?, $labels:tt, $name:literal $($rest:tt)*) => {
        $crate::__site!(@ $crate::assert::Kind::$kind $(($comparison))?, $labels, $name)
    };
    (
        $kind:ident $(($comparison:expr))?,
        $labels:tt,
        format!($name:literal $($arguments:tt)*) $($rest:tt)*
    ) => {
        $crate::__site!(@ $crate::assert::Kind::$kind $(($comparison))?, $labels, $name)
    };
    ($kind:ident $(($comparison:expr))?, $labels:tt, $name:expr $(, $($rest:tt)*)?) => {
        $crate::__site!(
            @ $crate::assert::Kind::$kind $(($comparison))?,
            $labels,
            ::core::stringify!($name)
        )
    };
}

/// The explanation of a violation: its message, and its details if there are any.
#[doc(hidden)]
#[macro_export]
macro_rules! __explain {
    ($site:ident, $message:literal, { $($details:tt)* } $(,)?) => {{
        $crate::assert::explain($site, ::core::format_args!($message));
        $crate::__explain!(@ $site, $($details)*)
    }};
    ($site:ident, format!($($message:tt)+), { $($details:tt)* } $(,)?) => {{
        $crate::assert::explain($site, ::core::format_args!($($message)+));
        $crate::__explain!(@ $site, $($details)*)
    }};
    ($site:ident, $($message:tt)+) => {
        $crate::assert::explain($site, $crate::__message!($($message)+))
    };
    (@ $site:ident, $($key:expr => $value:expr),* $(,)?) => {{
        $($crate::assert::explain($site, ::core::format_args!("{} = {}", $key, $value));)*
    }};
}

/// The text of a message, not yet formatted.
#[doc(hidden)]
#[macro_export]
macro_rules! __message {
    ($message:literal $($arguments:tt)*) => {
        ::core::format_args!($message $($arguments)*)
    };
    (format!($($message:tt)+) $(,)?) => {
        ::core::format_args!($($message)+)
    };
    ($message:expr $(,)?) => {
        ::core::format_args!("{}", $message)
    };
}

/// Type-checks a goal's message, which is never evaluated.
#[doc(hidden)]
#[macro_export]
macro_rules! __check_message {
    ($($message:tt)+) => {
        if false {
            let _ = $crate::__message!($($message)+);
        }
    };
}
