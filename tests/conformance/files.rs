//! Files: the same code, on the simulator's disk and on this machine's.
//!
//! Where the two must differ: a real directory is listed in any order, so this suite sorts; and
//! errors of names carry the path in the simulation and a number on the real machine, so kinds are
//! compared. Short operations, failed syncs and what a crash leaves can't be had from a real
//! machine at will; the tests of the faults show those.

use simfuzz::prelude::*;
use std::future::Future;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt};

/// How a file is opened.
#[derive(Clone, Copy, Default)]
struct Mode {
    read: bool,
    write: bool,
    append: bool,
    truncate: bool,
    create: bool,
    create_new: bool,
}

/// A mode from letters: `r`ead, `w`rite, `a`ppend, `t`runcate, `c`reate, create `n`ew.
fn mode(letters: &str) -> Mode {
    let has = |letter| letters.contains(letter);
    Mode {
        read: has('r'),
        write: has('w'),
        append: has('a'),
        truncate: has('t'),
        create: has('c'),
        create_new: has('n'),
    }
}

/// What both worlds can do.
trait Disk {
    type File: AsyncRead + AsyncWrite + AsyncSeek + Unpin;
    fn open(&self, path: &str, mode: Mode) -> impl Future<Output = io::Result<Self::File>>;
    fn create_dir(&self, path: &str) -> impl Future<Output = io::Result<()>>;
    fn create_dir_all(&self, path: &str) -> impl Future<Output = io::Result<()>>;
    fn remove_dir(&self, path: &str) -> impl Future<Output = io::Result<()>>;
    fn remove_file(&self, path: &str) -> impl Future<Output = io::Result<()>>;
    fn rename(&self, from: &str, to: &str) -> impl Future<Output = io::Result<()>>;
    fn exists(&self, path: &str) -> impl Future<Output = io::Result<bool>>;
    fn names(&self, path: &str) -> impl Future<Output = io::Result<Vec<String>>>;
    /// Length (of a file only) and whether it is a directory.
    fn metadata(&self, path: &str) -> impl Future<Output = io::Result<(u64, bool)>>;
    fn read_at(&self, file: &Self::File, at: u64, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>>;
    fn write_at(&self, file: &Self::File, at: u64, bytes: &[u8]) -> impl Future<Output = io::Result<usize>>;
    fn len(&self, file: &Self::File) -> impl Future<Output = io::Result<u64>>;
    fn set_len(&self, file: &Self::File, length: u64) -> impl Future<Output = io::Result<()>>;
    fn sync_all(&self, file: &Self::File) -> impl Future<Output = io::Result<()>>;
    fn sync_data(&self, file: &Self::File) -> impl Future<Output = io::Result<()>>;
}

/// The disk that a context gives, simulated or real.
macro_rules! disk_of_a_context {
    ($($world:ident)::+) => {
        impl Disk for $($world)::+::SimStorage {
            type File = $($world)::+::File;

            async fn open(&self, path: &str, mode: Mode) -> io::Result<$($world)::+::File> {
                let options = simfuzz::OpenOptions::new().read(mode.read).write(mode.write).append(mode.append);
                let options = options.truncate(mode.truncate).create(mode.create).create_new(mode.create_new);
                self.open_with(path, options).await
            }
            async fn create_dir(&self, path: &str) -> io::Result<()> {
                self.create_dir(path).await
            }
            async fn create_dir_all(&self, path: &str) -> io::Result<()> {
                self.create_dir_all(path).await
            }
            async fn remove_dir(&self, path: &str) -> io::Result<()> {
                self.remove_dir(path).await
            }
            async fn remove_file(&self, path: &str) -> io::Result<()> {
                self.remove_file(path).await
            }
            async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
                self.rename(from, to).await
            }
            async fn exists(&self, path: &str) -> io::Result<bool> {
                self.exists(path).await
            }
            async fn names(&self, path: &str) -> io::Result<Vec<String>> {
                self.read_dir(path).await
            }
            async fn metadata(&self, path: &str) -> io::Result<(u64, bool)> {
                self.metadata(path).await.map(|found| (found.len(), found.is_dir()))
            }
            async fn read_at(&self, file: &$($world)::+::File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
                file.read_at(at, buffer).await
            }
            async fn write_at(&self, file: &$($world)::+::File, at: u64, bytes: &[u8]) -> io::Result<usize> {
                file.write_at(at, bytes).await
            }
            async fn len(&self, file: &$($world)::+::File) -> io::Result<u64> {
                file.len().await
            }
            async fn set_len(&self, file: &$($world)::+::File, length: u64) -> io::Result<()> {
                file.set_len(length).await
            }
            async fn sync_all(&self, file: &$($world)::+::File) -> io::Result<()> {
                file.sync_all().await
            }
            async fn sync_data(&self, file: &$($world)::+::File) -> io::Result<()> {
                file.sync_data().await
            }
        }
    };
}

disk_of_a_context!(simfuzz);
#[cfg(feature = "tokio")]
disk_of_a_context!(simfuzz::production);

/// A directory of this machine, for the root.
struct Machine(PathBuf);

impl Machine {
    fn at(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }
}

impl Disk for Machine {
    type File = tokio::fs::File;

    async fn open(&self, path: &str, mode: Mode) -> io::Result<tokio::fs::File> {
        let mut options = tokio::fs::OpenOptions::new();
        options.read(mode.read).write(mode.write).append(mode.append);
        options.truncate(mode.truncate).create(mode.create).create_new(mode.create_new);
        options.open(self.at(path)).await
    }
    async fn create_dir(&self, path: &str) -> io::Result<()> {
        tokio::fs::create_dir(self.at(path)).await
    }
    async fn create_dir_all(&self, path: &str) -> io::Result<()> {
        tokio::fs::create_dir_all(self.at(path)).await
    }
    async fn remove_dir(&self, path: &str) -> io::Result<()> {
        tokio::fs::remove_dir(self.at(path)).await
    }
    async fn remove_file(&self, path: &str) -> io::Result<()> {
        tokio::fs::remove_file(self.at(path)).await
    }
    async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        tokio::fs::rename(self.at(from), self.at(to)).await
    }
    async fn exists(&self, path: &str) -> io::Result<bool> {
        tokio::fs::try_exists(self.at(path)).await
    }
    async fn names(&self, path: &str) -> io::Result<Vec<String>> {
        let mut entries = tokio::fs::read_dir(self.at(path)).await?;
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            names.push(entry.file_name().into_string().unwrap());
        }
        names.sort();
        Ok(names)
    }
    async fn metadata(&self, path: &str) -> io::Result<(u64, bool)> {
        let found = tokio::fs::metadata(self.at(path)).await?;
        Ok((if found.is_dir() { 0 } else { found.len() }, found.is_dir()))
    }
    async fn read_at(&self, file: &tokio::fs::File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = file.try_clone().await?.into_std().await;
        std::os::unix::fs::FileExt::read_at(&file, buffer, at)
    }
    async fn write_at(&self, file: &tokio::fs::File, at: u64, bytes: &[u8]) -> io::Result<usize> {
        let file = file.try_clone().await?.into_std().await;
        std::os::unix::fs::FileExt::write_at(&file, bytes, at)
    }
    async fn len(&self, file: &tokio::fs::File) -> io::Result<u64> {
        Ok(file.metadata().await?.len())
    }
    async fn set_len(&self, file: &tokio::fs::File, length: u64) -> io::Result<()> {
        file.set_len(length).await
    }
    async fn sync_all(&self, file: &tokio::fs::File) -> io::Result<()> {
        file.sync_all().await
    }
    async fn sync_data(&self, file: &tokio::fs::File) -> io::Result<()> {
        file.sync_data().await
    }
}

/// What was asked and what came of it, line by line.
#[derive(Default)]
struct Transcript(String);

impl Transcript {
    fn line<T: std::fmt::Debug>(&mut self, what: &str, result: io::Result<T>) {
        let result = result.map_err(|error| error.kind());
        self.0.push_str(&format!("{what}: {result:?}\n"));
    }
}

async fn content(disk: &impl Disk, path: &str) -> io::Result<String> {
    let mut file = disk.open(path, mode("r")).await?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await?;
    Ok(bytes.escape_ascii().to_string())
}

/// Puts `text` into a new file.
async fn put(disk: &impl Disk, path: &str, text: &str) -> io::Result<()> {
    let mut file = disk.open(path, mode("wct")).await?;
    file.write_all(text.as_bytes()).await?;
    file.flush().await
}

async fn opening(disk: &impl Disk, log: &mut Transcript) -> io::Result<()> {
    for letters in ["r", "w", "rw", "a", "wt", "at", "rc", "rt", "rn", "", "c", "wc", "wn", "rwct", "an", "atn", "ra"] {
        for path in ["missing", "there", "dir", "missing/x", "there/x", "dir/", "missing/", "there/"] {
            put(disk, "there", "abc").await?;
            let _ = disk.create_dir("dir").await;
            let opened = disk.open(path, mode(letters)).await.map(drop);
            log.line(&format!("open {path} {letters}"), opened);
            log.line("there", content(disk, "there").await);
            log.line("missing is there", disk.exists("missing").await);
            let _ = disk.remove_file("missing").await;
        }
    }
    Ok(())
}

async fn at_offsets(disk: &impl Disk, log: &mut Transcript) -> io::Result<()> {
    let file = disk.open("offsets", mode("rwc")).await?;
    log.line("write", disk.write_at(&file, 0, b"hello").await);
    log.line("write a hole", disk.write_at(&file, 8, b"x").await);
    log.line("write over", disk.write_at(&file, 1, b"E").await);
    log.line("write nothing far away", disk.write_at(&file, 100, b"").await);
    log.line("len", disk.len(&file).await);
    log.line("content", content(disk, "offsets").await);
    let mut four = [b'.'; 4];
    for at in [0, 6, 7, 9, 1_000] {
        log.line(&format!("read at {at}"), disk.read_at(&file, at, &mut four).await);
        log.line("gave", Ok(four.escape_ascii().to_string()));
    }
    log.line("read nothing", disk.read_at(&file, 0, &mut []).await);
    for length in [3, 3, 6, 0, 2] {
        log.line(&format!("set_len {length}"), disk.set_len(&file, length).await);
        log.line("content", content(disk, "offsets").await);
    }
    log.line("sync", disk.sync_all(&file).await);
    log.line("sync data", disk.sync_data(&file).await);

    let reader = disk.open("offsets", mode("r")).await?;
    log.line("write to a reader", disk.write_at(&reader, 0, b"x").await);
    log.line("set_len of a reader", disk.set_len(&reader, 0).await);
    log.line("sync a reader", disk.sync_all(&reader).await);
    let writer = disk.open("offsets", mode("w")).await?;
    log.line("read from a writer", disk.read_at(&writer, 0, &mut four).await);
    let appender = disk.open("offsets", mode("ra")).await?;
    log.line("write to an appender", disk.write_at(&appender, 0, b"end").await);
    log.line("content", content(disk, "offsets").await);
    Ok(())
}

async fn streams(disk: &impl Disk, log: &mut Transcript) -> io::Result<()> {
    let mut file = disk.open("stream", mode("rwc")).await?;
    log.line("write", file.write(b"one two three").await);
    file.flush().await?;
    log.line("position", file.stream_position().await);
    log.line("seek", file.seek(SeekFrom::Start(4)).await);
    let mut three = [0; 3];
    log.line("read", file.read_exact(&mut three).await);
    log.line("gave", Ok(three.escape_ascii().to_string()));
    log.line("seek back", file.seek(SeekFrom::Current(-3)).await);
    log.line("write", file.write(b"TWO").await);
    file.flush().await?;
    log.line("seek to the end", file.seek(SeekFrom::End(-5)).await);
    let mut rest = String::new();
    log.line("read the rest", file.read_to_string(&mut rest).await);
    log.line("gave", Ok(rest));
    log.line("read at the end", file.read(&mut three).await);
    log.line("read too much", file.read_exact(&mut three).await);
    log.line("seek past the end", file.seek(SeekFrom::End(3)).await);
    log.line("read there", file.read(&mut three).await);
    log.line("write there", file.write(b"!").await);
    file.flush().await?;
    log.line("content", content(disk, "stream").await);
    log.line("seek before the start", file.seek(SeekFrom::Current(-100)).await);
    log.line("position", file.stream_position().await);

    let mut appender = disk.open("stream", mode("ra")).await?;
    log.line("append", appender.write(b"+").await);
    appender.flush().await?;
    log.line("position", appender.stream_position().await);
    appender.rewind().await?;
    log.line("read", appender.read_exact(&mut three).await);
    log.line("append again", appender.write(b"+").await);
    appender.flush().await?;
    log.line("position", appender.stream_position().await);
    log.line("content", content(disk, "stream").await);
    Ok(())
}

async fn names(disk: &impl Disk, log: &mut Transcript) -> io::Result<()> {
    log.line("create_dir", disk.create_dir("a").await);
    log.line("create it again", disk.create_dir("a").await);
    log.line("create it with those above", disk.create_dir_all("a").await);
    log.line("below a missing one", disk.create_dir("b/c").await);
    log.line("with those above", disk.create_dir_all("b/c/d").await);
    log.line("with a slash at the end", disk.create_dir_all("b/c/e/").await);
    put(disk, "file", "abc").await?;
    log.line("create_dir at a file", disk.create_dir("file").await);
    log.line("below a file", disk.create_dir("file/x").await);
    log.line("all at a file", disk.create_dir_all("file").await);
    log.line("all below a file", disk.create_dir_all("file/x").await);
    for path in ["file", "a", "missing", "file/x", "missing/x", "file/", "a/", "a/../file", "./file", "b/c/.."] {
        log.line(&format!("exists {path}"), disk.exists(path).await);
        log.line(&format!("metadata {path}"), disk.metadata(path).await);
        log.line(&format!("names {path}"), disk.names(path).await);
    }
    log.line("remove a directory that is not empty", disk.remove_dir("b").await);
    log.line("remove a directory as a file", disk.remove_file("a").await);
    log.line("remove a file as a directory", disk.remove_dir("file").await);
    log.line("remove nothing", disk.remove_file("missing").await);
    log.line("remove no directory", disk.remove_dir("missing").await);
    log.line("remove below a file", disk.remove_file("file/x").await);
    log.line("remove a directory", disk.remove_dir("b/c/d").await);
    log.line("names b/c", disk.names("b/c").await);
    for name in ["z", "y", "Z", "10", "9"] {
        put(disk, &format!("a/{name}"), name).await?;
    }
    log.line("names a", disk.names("a").await);
    Ok(())
}

async fn renames(disk: &impl Disk, log: &mut Transcript) -> io::Result<()> {
    let kinds = ["r/file", "r/other", "r/missing", "r/dir", "r/empty", "r/nowhere/x", "r/dir/inner", "r/file/x"];
    for from in kinds {
        for to in kinds {
            disk.create_dir_all("r/dir/inner").await?;
            disk.create_dir_all("r/empty").await?;
            put(disk, "r/file", "file").await?;
            put(disk, "r/other", "other").await?;
            put(disk, "r/dir/leaf", "leaf").await?;
            log.line(&format!("rename {from} {to}"), disk.rename(from, to).await);
            log.line("names", disk.names("r").await);
            log.line("file", content(disk, "r/file").await);
            log.line("other", content(disk, "r/other").await);
            log.line("names of dir", disk.names("r/dir").await);
            // all of it goes, whatever came of it
            clear(disk, "r").await?;
        }
    }
    Ok(())
}

/// Removes what is in a directory, and the directory.
async fn clear(disk: &impl Disk, path: &str) -> io::Result<()> {
    for name in disk.names(path).await? {
        let path = format!("{path}/{name}");
        match disk.metadata(&path).await?.1 {
            true => Box::pin(clear(disk, &path)).await?,
            false => disk.remove_file(&path).await?,
        }
    }
    disk.remove_dir(path).await
}

async fn open_files(disk: &impl Disk, log: &mut Transcript) -> io::Result<()> {
    put(disk, "open", "abc").await?;
    let file = disk.open("open", mode("rw")).await?;
    log.line("rename an open file", disk.rename("open", "moved").await);
    log.line("write to it", disk.write_at(&file, 3, b"d").await);
    log.line("content", content(disk, "moved").await);
    put(disk, "open", "new").await?;
    log.line("rename over an open file", disk.rename("open", "moved").await);
    log.line("content", content(disk, "moved").await);
    let mut four = [0; 4];
    log.line("read the old one", disk.read_at(&file, 0, &mut four).await);
    log.line("gave", Ok(four.escape_ascii().to_string()));
    let file = disk.open("moved", mode("rw")).await?;
    log.line("remove an open file", disk.remove_file("moved").await);
    log.line("write to it", disk.write_at(&file, 3, b"!").await);
    log.line("len", disk.len(&file).await);
    log.line("sync", disk.sync_all(&file).await);
    log.line("exists", disk.exists("moved").await);

    let two = disk.open("shared", mode("rwc")).await?;
    let one = disk.open("shared", mode("rw")).await?;
    disk.write_at(&one, 0, b"one").await?;
    log.line("another handle sees it", disk.len(&two).await);
    disk.open("shared", mode("wt")).await?;
    log.line("and that it was cut", disk.len(&one).await);

    let _ = disk.create_dir("opened").await;
    let dir = disk.open("opened", mode("r")).await?;
    log.line("sync a directory", disk.sync_all(&dir).await);
    log.line("read a directory", disk.read_at(&dir, 0, &mut four).await);
    log.line("write to a directory", disk.write_at(&dir, 0, b"x").await);
    Ok(())
}

async fn all(disk: &impl Disk) -> io::Result<String> {
    let mut log = Transcript::default();
    opening(disk, &mut log).await?;
    at_offsets(disk, &mut log).await?;
    streams(disk, &mut log).await?;
    names(disk, &mut log).await?;
    renames(disk, &mut log).await?;
    open_files(disk, &mut log).await?;
    Ok(log.0)
}

struct Simulated;

#[async_trait(?Send)]
impl Workload for Simulated {
    fn name(&self) -> &str {
        "files"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let log = all(ctx.storage()).await?;
        ctx.note(|| log);
        Ok(())
    }
}

fn simulated(tape: &Tape) -> String {
    let simulation = SimulationBuilder::new().workload(|| Box::new(Simulated)).build();
    let outcome = simulation.run_with(tape, simfuzz::Recording::Story);
    outcome.assert_ok();
    let log = outcome.story().iter().find(|line| line.text.starts_with("open ")).expect("the transcript was told");
    log.text.clone()
}

#[test]
fn the_simulated_disk_does_as_this_machine_does() {
    let root = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let machine = runtime.block_on(all(&Machine(root.path().to_owned()))).unwrap();
    let simulated = simulated(&Tape::calm());
    assert!(machine.lines().count() > 500, "{machine}");
    // a line with what was asked before it
    let mut differ = Vec::new();
    for (at, (machine, simulated)) in machine.lines().zip(simulated.lines()).enumerate() {
        if machine != simulated {
            differ.push(format!("{at}: {machine}\n{at}: {simulated}, simulated"));
        }
    }
    assert!(differ.is_empty(), "\n{}\n", differ.join("\n"));
    assert_eq!(machine.lines().count(), simulated.lines().count());
}

/// What a process on the real machine has for a disk.
#[cfg(feature = "tokio")]
#[test]
fn a_server_s_folder_does_as_this_machine_does() {
    use std::sync::{Arc, Mutex};

    struct Served(Arc<Mutex<String>>);

    #[async_trait(?Send)]
    impl simfuzz::production::Process for Served {
        fn name(&self) -> &str {
            "files"
        }
        async fn run(&mut self, ctx: &simfuzz::production::SimContext) -> SimulationResult<()> {
            let log = all(ctx.storage()).await?;
            *self.0.lock().unwrap() = log;
            Ok(())
        }
    }

    let (root, told) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(String::new())));
    simfuzz::production::serve(Served(told.clone())).on("127.0.0.1:0").data_dir(root.path()).run().unwrap();
    assert_eq!(*told.lock().unwrap(), simulated(&Tape::calm()));
}

#[test]
fn and_in_every_weather_of_its_latency() {
    let calm = simulated(&Tape::calm());
    (0..5).for_each(|seed| assert_eq!(simulated(&Tape::swarm(seed)), calm, "seed {seed}"));
}
