//! On this machine: 127.0.0.1 and temporary folders.

use simfuzz::CancellationToken;
use simfuzz::production as world;
use simfuzz::production::prelude::*;
use simfuzz::production::{Server, serve};
use std::io::{Read, Write};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

#[path = "processes.rs"]
pub(crate) mod processes;

/// Where the free functions of `fs` may write: they take this machine's paths.
fn folder(ctx: &SimContext) -> PathBuf {
    FOLDERS.lock().unwrap().iter().find(|(port, _)| Some(*port) == port_of(ctx)).unwrap().1.clone()
}

/// The folders of the servers of this test, by port.
static FOLDERS: Mutex<Vec<(u16, PathBuf)>> = Mutex::new(Vec::new());

fn port_of(ctx: &SimContext) -> Option<u16> {
    use simfuzz::production::ToPeer;
    ctx.my_ip().to_peer(ctx.topology()).ok().map(|addr| addr.port())
}

/// All come sometimes, unless the simulator is in this build and decides.
fn fair(came: [bool; 2]) -> bool {
    came == if cfg!(feature = "sim") { [true, false] } else { [true, true] }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process made of a function.
struct Acts<F> {
    name: &'static str,
    act: F,
}

#[async_trait(?Send)]
impl<F: AsyncFn(SimContext) -> SimulationResult<()> + 'static> Process for Acts<F> {
    fn name(&self) -> &str {
        self.name
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.act)(ctx.clone()).await
    }
}

fn acts(name: &'static str, act: impl AsyncFn(SimContext) -> SimulationResult<()> + 'static) -> Server {
    serve(Acts { name, act })
}

/// What the process told.
pub(crate) fn run(process: impl AsyncFn(SimContext) -> SimulationResult<Vec<String>> + 'static) -> Vec<String> {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    FOLDERS.lock().unwrap().push((port, folder.path().to_owned()));
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = told.clone();
    let probe = acts("probe", async move |ctx| {
        *into.lock().unwrap() = process(ctx).await?;
        Ok(())
    });
    probe.on(format!("127.0.0.1:{port}")).data_dir(folder.path().join("data")).run().unwrap();
    let told = told.lock().unwrap();
    told.clone()
}

/// Waits until a server listens.
fn connect(addr: &str) -> StdStream {
    for _ in 0..500 {
        if let Ok(stream) = StdStream::connect(addr) {
            return stream;
        }
        #[expect(clippy::disallowed_methods, reason = "the servers are real")]
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nobody listens at {addr}");
}

#[expect(clippy::disallowed_methods, reason = "the servers are real")]
fn in_a_thread<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> std::thread::JoinHandle<T> {
    std::thread::spawn(act)
}

/// Answers with what it reads, until it is asked to stop.
async fn echo(ctx: SimContext) -> SimulationResult<()> {
    let listener = ctx.network().bind(ctx.my_ip()).await?;
    loop {
        select! {
            () = ctx.shutdown().cancelled() => break,
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                ctx.task().spawn(async move {
                    let (mut reads, mut writes) = stream.into_split();
                    simfuzz::io::copy(&mut reads, &mut writes).await
                });
            }
        }
    }
    let farewell = ctx.storage().create("farewell").await?;
    farewell.append(b"bye").await?;
    farewell.sync_all().await?;
    Ok(())
}

/// A server in a thread of its own, which is stopped at the end.
fn echoes(address: &str, folder: &Path, threads: usize) -> (CancellationToken, std::thread::JoinHandle<String>) {
    let stop = CancellationToken::new();
    let (token, address, folder) = (stop.clone(), address.to_owned(), folder.to_owned());
    let server = move || {
        let server = acts("echo", echo).on(address).data_dir(folder).threads(threads).stop_on(token);
        server.run().map_or_else(|error| error.to_string(), |()| "stopped".to_owned())
    };
    (stop, in_a_thread(server))
}

#[test]
fn it_serves_until_it_is_asked_to_stop() {
    for threads in [1, 3] {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let (stop, server) = echoes(&format!("127.0.0.1:{port}"), folder.path(), threads);
        let mut stream = connect(&format!("127.0.0.1:{port}"));
        let mut answer = [0; 5];
        for word in [b"hello", b"again"] {
            stream.write_all(word).unwrap();
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, word);
        }
        stop.cancel();
        assert_eq!(server.join().unwrap(), "stopped");
        assert_eq!(std::fs::read(folder.path().join("farewell")).unwrap(), b"bye");
        // its tasks ended with it
        assert_eq!(stream.read(&mut answer).unwrap_or(0), 0);
    }
}

#[test]
fn at_all_addresses_it_is_found_at_one() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let (stop, server) = echoes(&format!("0.0.0.0:{port}"), folder.path(), 1);
    connect(&format!("127.0.0.1:{port}")).write_all(b"hello").unwrap();
    stop.cancel();
    assert_eq!(server.join().unwrap(), "stopped");
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let (stop, server) = echoes(&format!("127.0.0.1:{port}"), folder.path(), 1);
    connect(&format!("127.0.0.1:{port}"));
    let second = acts("echo", echo).on(format!("127.0.0.1:{}", free_port())).data_dir(folder.path());
    let refused = second.run().unwrap_err().to_string();
    assert!(refused.contains("another server runs in it"), "{refused}");
    stop.cancel();
    assert_eq!(server.join().unwrap(), "stopped");
}

/// One asks the other by its place in the list.
#[cfg(target_os = "linux")]
#[test]
fn peers_find_each_other() {
    let port = free_port();
    let peers = [format!("127.0.0.1:{port}"), format!("127.0.0.2:{port}")];
    let folder = TempDir::new().unwrap();
    let stop = CancellationToken::new();
    let (token, list, first) = (stop.clone(), peers.clone(), folder.path().join("first"));
    let server =
        in_a_thread(move || acts("store", echo).on(&list[0]).peers(list).data_dir(first).stop_on(token).run().is_ok());
    connect(&peers[0]);
    let asking = acts("store", async |ctx| {
        assert_eq!((ctx.name(), ctx.client_id(), ctx.client_count()), ("store-1", 1, 2));
        let others = ctx.peers("store").iter().filter(|&&ip| ip != ctx.my_ip());
        for &other in others {
            let mut stream = TcpStream::connect(other).await?;
            stream.write_all(b"you there?").await?;
            let mut answer = [0; 10];
            stream.read_exact(&mut answer).await?;
            assert_eq!(&answer, b"you there?");
        }
        ctx.network().connect("store-0").await?;
        ctx.network().connect("localhost:1").await.unwrap_err();
        assert_eq!(ctx.network().connect("nobody").await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
        Ok(())
    });
    asking.on(&peers[1]).peers(&peers).data_dir(folder.path().join("second")).run().unwrap();
    stop.cancel();
    assert!(server.join().unwrap());
}

#[test]
fn a_task_that_panics_ends_the_process() {
    let folder = TempDir::new().unwrap();
    for way in 0..3 {
        let clumsy = acts("clumsy", async move |ctx: SimContext| {
            let slips = async { panic!("it slipped") };
            let mut set = world::task::JoinSet::<()>::new();
            match way {
                0 => drop(ctx.task().spawn(slips)),
                1 => drop(world::task::spawn(slips)),
                _ => drop(set.spawn(slips)),
            }
            std::future::pending().await
        });
        let error = clumsy.on("127.0.0.1:0").data_dir(folder.path()).run().unwrap_err();
        assert!(matches!(error, SimulationError::InvalidState(_)), "{error}");
    }
}

#[test]
fn a_process_that_does_not_stop_is_ended() {
    let folder = TempDir::new().unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    let stubborn = acts("stubborn", async |_| std::future::pending().await);
    let stubborn = stubborn.on("127.0.0.1:0").data_dir(folder.path()).stop_on(stop);
    let error = stubborn.grace(Duration::from_millis(50)).run().unwrap_err();
    assert_eq!(error.to_string(), "timed out: the process did not stop within 50ms");
}

#[test]
fn its_errors_are_those_of_the_server() {
    let folder = TempDir::new().unwrap();
    let failing = acts("failing", async |ctx| {
        ctx.storage().open("../outside").await?;
        Ok(())
    });
    let error = failing.on("127.0.0.1:0").data_dir(folder.path()).run().unwrap_err();
    assert!(error.to_string().contains("leads out of the server's folder"), "{error}");
    let nowhere = acts("nowhere", async |_| Ok(())).on("no address").data_dir(folder.path());
    assert!(nowhere.run().unwrap_err().to_string().contains("`no address`"));
}
