//! What tokio has and this crate doesn't: each call fails to compile and says what to do instead.
//!
//! Owns the names and the hints, the same in a simulation and on the real machine. The bounds can't
//! be met, so nothing here is ever called.
//!
//! `for<'a>` keeps the compiler from refusing a bound without parameters where it is written.

/// What no hint's trait is implemented for.
#[derive(Debug)]
pub struct Absent(());

macro_rules! hints {
    ($($name:ident $message:literal $note:literal;)*) => {$(
        #[doc = $message]
        #[diagnostic::on_unimplemented(message = $message, label = "not in simfuzz", note = $note)]
        pub trait $name {}
    )*};
}

/// The reasons.
pub mod why {
    hints! {
        Blocking
            "simfuzz has no threads to block"
            "do the work in the task itself: in a simulation no time passes while it computes; for what really waits, await `simfuzz::fs` or `simfuzz::net`";
        LocalSets
            "simfuzz needs no `LocalSet`"
            "call `simfuzz::task::spawn_local` in any process or workload";
        ManualClock
            "simfuzz's clock can't be paused or advanced by hand"
            "in a simulation time passes by itself while everybody waits: sleep for as long as you would advance";
        UnixSockets
            "simfuzz has no Unix sockets"
            "use `simfuzz::net::TcpStream` and `TcpListener`, or put the transport behind a trait of your own";
        Resolver
            "simfuzz has no resolver"
            "names of hosts are understood by `TcpStream::connect(\"server:4500\")`, `ctx.network().connect(..)` and `ctx.peers(..)`";
        SocketOptions
            "simfuzz has no unconnected TCP sockets"
            "use `simfuzz::net::TcpListener::bind` and `TcpStream::connect`";
        StdFiles
            "a simulated file is no `std::fs::File`"
            "use `read_at`, `write_at`, `set_len` and `sync_all` of `simfuzz::fs::File`, or tokio's `AsyncRead`, `AsyncWrite` and `AsyncSeek`";
        Links
            "simfuzz's files have neither links nor permissions"
            "keep what they would tell in a file of your own; to replace a file at once, write another one and rename it";
        WholeTrees
            "simfuzz doesn't copy files or remove whole trees"
            "read and write; remove one by one with `remove_file` and `remove_dir`: each is a step that a crash may come after";
    }
}

/// For `simfuzz::task`.
pub mod task {
    use super::{Absent, why};
    use std::future::Ready;
    use std::io;

    /// Not in simfuzz: see its bound.
    pub fn spawn_blocking<F, R>(_: F) -> Ready<io::Result<R>>
    where
        F: FnOnce() -> R + why::Blocking,
    {
        unreachable!("its bound can't be met")
    }

    /// Not in simfuzz: see its bound.
    pub fn block_in_place<F, R>(_: F) -> R
    where
        F: FnOnce() -> R + why::Blocking,
    {
        unreachable!("its bound can't be met")
    }

    /// Not in simfuzz: see the bound of `new`.
    #[derive(Debug)]
    pub struct LocalSet(());

    impl LocalSet {
        /// Not in simfuzz: see its bound.
        #[expect(clippy::new_ret_no_self, reason = "nothing is made")]
        pub fn new()
        where
            for<'a> Absent: why::LocalSets,
        {
            unreachable!("its bound can't be met")
        }
    }
}

/// For `simfuzz::time`.
pub mod time {
    use super::{Absent, why};
    use std::time::Duration;

    /// Not in simfuzz: see its bound.
    pub fn pause()
    where
        for<'a> Absent: why::ManualClock,
    {
        unreachable!("its bound can't be met")
    }

    /// Not in simfuzz: see its bound.
    pub fn resume()
    where
        for<'a> Absent: why::ManualClock,
    {
        unreachable!("its bound can't be met")
    }

    /// Not in simfuzz: see its bound.
    pub fn advance(_: Duration) -> std::future::Ready<()>
    where
        for<'a> Absent: why::ManualClock,
    {
        unreachable!("its bound can't be met")
    }
}

/// For `simfuzz::net`.
pub mod net {
    use super::why;
    use std::future::Ready;
    use std::io;
    use std::net::SocketAddr;

    macro_rules! unix_sockets {
        ($($name:ident $make:ident)*) => {$(
            #[doc = concat!("Not in simfuzz: see the bound of `", stringify!($make), "`.")]
            #[derive(Debug)]
            pub struct $name(());

            impl $name {
                /// Not in simfuzz: see its bound.
                pub fn $make<P: why::UnixSockets>(_: P) -> Ready<io::Result<Self>> {
                    unreachable!("its bound can't be met")
                }
            }
        )*};
    }

    unix_sockets!(UnixStream connect UnixListener bind UnixDatagram bind);

    /// Not in simfuzz: see the bounds of its functions.
    #[derive(Debug)]
    pub struct TcpSocket(());

    impl TcpSocket {
        /// Not in simfuzz: see its bound.
        pub fn new_v4() -> io::Result<Self>
        where
            for<'a> super::Absent: why::SocketOptions,
        {
            unreachable!("its bound can't be met")
        }

        /// Not in simfuzz: see its bound.
        pub fn new_v6() -> io::Result<Self>
        where
            for<'a> super::Absent: why::SocketOptions,
        {
            unreachable!("its bound can't be met")
        }
    }

    /// Not in simfuzz: see its bound.
    pub fn lookup_host<T: why::Resolver>(_: T) -> Ready<io::Result<std::vec::IntoIter<SocketAddr>>> {
        unreachable!("its bound can't be met")
    }
}

/// For `simfuzz::fs`.
pub mod fs {
    use super::why;
    use std::future::Ready;
    use std::io;
    use std::path::PathBuf;

    macro_rules! functions {
        ($($name:ident($($argument:ident),*) -> $output:ty: $why:ident;)*) => {$(
            /// Not in simfuzz: see its bound.
            pub fn $name<P: why::$why $(, $argument)*>(_: P $(, _: $argument)*) -> Ready<io::Result<$output>> {
                unreachable!("its bound can't be met")
            }
        )*};
    }

    functions! {
        copy(To) -> u64: WholeTrees;
        remove_dir_all() -> (): WholeTrees;
        canonicalize() -> PathBuf: Links;
        hard_link(To) -> (): Links;
        read_link() -> PathBuf: Links;
        set_permissions(Permissions) -> (): Links;
        symlink(To) -> (): Links;
        symlink_metadata() -> crate::open::Metadata: Links;
    }
}

/// The methods that tokio's `File` has beside those of `$file`.
macro_rules! file_methods {
    ($file:ty) => {
        impl $file {
            /// Not in simfuzz: see its bound.
            pub fn into_std(self) -> std::future::Ready<std::fs::File>
            where
                for<'a> crate::absent::Absent: crate::absent::why::StdFiles,
            {
                unreachable!("its bound can't be met")
            }

            /// Not in simfuzz: see its bound.
            pub fn from_std<F: crate::absent::why::StdFiles>(_: F) -> Self {
                unreachable!("its bound can't be met")
            }

            /// Not in simfuzz: see its bound.
            pub fn try_clone(&self) -> std::future::Ready<std::io::Result<Self>>
            where
                for<'a> crate::absent::Absent: crate::absent::why::StdFiles,
            {
                unreachable!("its bound can't be met")
            }
        }
    };
}

pub(crate) use file_methods;
