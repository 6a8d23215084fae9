//! `select!`, which waits on several futures and takes the first that is ready.
//!
//! The grammar and its meaning are those of `tokio::select!`, so that a program moves between
//! the two by its imports. What differs is who picks the branch that is polled first: tokio
//! draws it from a counter of the thread, so two runs in one process differ even if all else
//! is the same; here it is one of the run's choices.
//!
//! This file owns the macro only. Where a choice comes from is decided elsewhere.

/// Waits on several branches at once and runs the handler of the first that completes, dropping
/// the others.
///
/// The grammar is that of `tokio::select!`:
///
/// ```text
/// select! {
///     biased;                                          // optional
///     <pattern> = <future> => <handler>,
///     <pattern> = <future>, if <condition> => <handler>,
///     else => <handler>,                               // optional
/// }
/// ```
///
/// 1. All conditions are evaluated; a branch whose condition is false is disabled.
/// 2. All `<future>` expressions are evaluated, those of disabled branches too.
/// 3. The enabled futures are polled, from a branch that the run chooses at each poll; with
///    `biased;` from the first, and nothing is chosen. Outside a run the first is taken.
/// 4. When one completes and its value matches the pattern, all futures are dropped, and then
///    the handler runs. When the value doesn't match, the branch is disabled and the others go
///    on.
/// 5. When all branches are disabled, the `else` handler runs.
///
/// A handler is an expression; after a block the comma may be left out. It runs in the
/// enclosing function, so `?`, `return`, `break` and `continue` do there what they do anywhere,
/// and it may use what the futures had borrowed. There are at most 64 branches.
///
/// # Panics
///
/// If all branches are disabled and there is no `else`.
///
/// ```
/// use simfuzz::select;
/// use std::future::{pending, ready};
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
///
/// let sum = async {
///     let mut sum = 0;
///     loop {
///         select! {
///             Some(n) = ready((sum < 3).then_some(1)) => sum += n,
///             _ = pending::<()>(), if sum < 100 => unreachable!("it never completes"),
///             _ = ready(()), if sum == 3 => break sum,
///         }
///     }
/// };
/// let mut context = Context::from_waker(Waker::noop());
/// assert_eq!(pin!(sum).poll(&mut context), Poll::Ready(3));
/// ```
#[macro_export]
macro_rules! select {
    () => {
        ::core::compile_error!("select! needs at least one branch")
    };
    ($(biased;)? else => $fallback:expr $(,)?) => {
        $fallback
    };
    (biased; $($branches:tt)+) => {
        $crate::__select!(@names [|_branches| 0] $($branches)+)
    };
    ($($branches:tt)+) => {
        $crate::__select!(@names [$crate::__private::select_start] $($branches)+)
    };
}

/// Takes the branches of a `select!` one by one, then writes all of them out.
///
/// The state, in brackets, is: the function that gives the start; the branches taken, as
/// `{ name index (pattern) (future) (condition) (handler) }`; their names in reverse; the names
/// and indices that are left. A name serves as a variable, a variant and a type parameter.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    (@names $start:tt $($branches:tt)+) => {
        $crate::__select!(
            $start [] [] [
                _0 0 _1 1 _2 2 _3 3 _4 4 _5 5 _6 6 _7 7
                _8 8 _9 9 _10 10 _11 11 _12 12 _13 13 _14 14 _15 15
                _16 16 _17 17 _18 18 _19 19 _20 20 _21 21 _22 22 _23 23
                _24 24 _25 25 _26 26 _27 27 _28 28 _29 29 _30 30 _31 31
                _32 32 _33 33 _34 34 _35 35 _36 36 _37 37 _38 38 _39 39
                _40 40 _41 41 _42 42 _43 43 _44 44 _45 45 _46 46 _47 47
                _48 48 _49 49 _50 50 _51 51 _52 52 _53 53 _54 54 _55 55
                _56 56 _57 57 _58 58 _59 59 _60 60 _61 61 _62 62 _63 63
            ]
            $($branches)+
        )
    };

    // The end: with and without `else`.
    ($start:tt $taken:tt $reversed:tt $left:tt else => $fallback:expr $(,)?) => {
        $crate::__select!(@write $start $taken $reversed ($fallback))
    };
    ($start:tt $taken:tt $reversed:tt $left:tt) => {
        $crate::__select!(@write $start $taken $reversed (
            ::core::panic!("select!: all branches are disabled and there is no `else`")
        ))
    };
    ($start:tt $taken:tt $reversed:tt [] $($branches:tt)+) => {
        ::core::compile_error!("select! has at most 64 branches")
    };

    // One branch. A block needs no comma after it, and the last handler none either.
    (
        $start:tt [$($taken:tt)*] [$($reversed:tt)*] [$name:ident $index:tt $($left:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block, $($rest:tt)*
    ) => {
        $crate::__select!(
            $start
            [$($taken)* { $name $index ($pattern) ($future) ($($condition)?) ($handler) }]
            [$name $($reversed)*] [$($left)*] $($rest)*
        )
    };
    (
        $start:tt [$($taken:tt)*] [$($reversed:tt)*] [$name:ident $index:tt $($left:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block $($rest:tt)*
    ) => {
        $crate::__select!(
            $start
            [$($taken)* { $name $index ($pattern) ($future) ($($condition)?) ($handler) }]
            [$name $($reversed)*] [$($left)*] $($rest)*
        )
    };
    (
        $start:tt [$($taken:tt)*] [$($reversed:tt)*] [$name:ident $index:tt $($left:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:expr
    ) => {
        $crate::__select!(
            $start
            [$($taken)* { $name $index ($pattern) ($future) ($($condition)?) ($handler) }]
            [$name $($reversed)*] [$($left)*]
        )
    };
    (
        $start:tt [$($taken:tt)*] [$($reversed:tt)*] [$name:ident $index:tt $($left:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:expr, $($rest:tt)*
    ) => {
        $crate::__select!(
            $start
            [$($taken)* { $name $index ($pattern) ($future) ($($condition)?) ($handler) }]
            [$name $($reversed)*] [$($left)*] $($rest)*
        )
    };

    (
        @write [$start:expr]
        [$({
            $name:ident $index:tt
            ($pattern:pat) ($future:expr) ($($condition:expr)?) ($handler:expr)
        })+]
        [$($reversed:ident)+]
        ($fallback:expr)
    ) => {{
        // An item isn't hygienic, so its name must be one that nobody else uses.
        enum __SimfuzzSelected<$($name),+> {
            $($name($name),)+
            Disabled,
        }

        // Bit i: branch i is not to be polled (again).
        let mut disabled: u64 = 0;
        $($(
            if !$condition {
                disabled |= 1 << $index;
            }
        )?)+

        #[allow(unused_mut)] // for `ref mut`
        let mut selected = {
            // First as they are written: a temporary in a `let` lives as long as the block.
            $(let $name = $future;)+
            $(let $name = ::core::future::IntoFuture::into_future($name);)+
            // Locals are dropped last to first; the futures should go first to last.
            $(let mut $reversed = ::core::pin::pin!($reversed);)+

            let selected = ::core::future::poll_fn(|context| {
                let branches = [$($index),+].len() as u32;
                let mut pending = false;
                let start: u32 = $start(branches);
                for turn in 0..branches {
                    match (start + turn) % branches {
                        $($index if disabled & (1 << $index) == 0 => {
                            match ::core::future::Future::poll($name.as_mut(), context) {
                                ::core::task::Poll::Pending => pending = true,
                                #[allow(unused_mut)] // for `ref mut`
                                ::core::task::Poll::Ready(mut output) => {
                                    disabled |= 1 << $index;
                                    let mut fits = false;
                                    // A guard sees the bindings by reference, whatever the
                                    // pattern says: it tries the pattern and moves nothing.
                                    #[allow(unused_variables, unused_mut)]
                                    #[allow(unreachable_code, unreachable_patterns)]
                                    match output {
                                        $pattern if { fits = true; false } => {
                                            ::core::unreachable!("the guard is false")
                                        }
                                        _ => {}
                                    }
                                    if fits {
                                        return ::core::task::Poll::Ready(
                                            __SimfuzzSelected::$name(output),
                                        );
                                    }
                                }
                            }
                        })+
                        _ => {} // disabled
                    }
                }
                if pending {
                    ::core::task::Poll::Pending
                } else {
                    ::core::task::Poll::Ready(__SimfuzzSelected::Disabled)
                }
            })
            .await;
            selected
        };

        #[allow(unreachable_patterns)] // if no pattern can fail, or no value exists
        match selected {
            $(__SimfuzzSelected::$name($pattern) => $handler,)+
            __SimfuzzSelected::Disabled => $fallback,
            _ => ::core::unreachable!("the pattern was tried"),
        }
    }};
}
