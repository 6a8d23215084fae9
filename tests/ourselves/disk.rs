//! A disk against a model that fits on two pages: exact while the machine is up; after a crash
//! each byte and each name is one that it had since it was last synced.

use simfuzz::prelude::*;
use simfuzz::{File, OpenOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};

const NAMES: [&str; 5] = ["a", "b", "d/a", "d/b", "d/c"];

type Found = BTreeMap<&'static str, Vec<u8>>;

/// The disk under test. A planted bug takes the place of one of these.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    /// Does it sync files and directories, or only say so?
    pub(crate) syncs: bool,
    pub(crate) syncs_dirs: bool,
    /// What is read, on its way to the program.
    pub(crate) read: fn(Vec<u8>) -> Vec<u8>,
    pub(crate) list: fn(Vec<String>) -> Vec<String>,
    /// What a boot finds.
    pub(crate) found: fn(Found) -> Found,
}

pub(crate) const OURS: Subject =
    Subject { syncs: true, syncs_dirs: true, read: |bytes| bytes, list: |names| names, found: |found| found };

/// A program that uses its disk, and crashes.
pub(crate) fn simulation() -> SimulationBuilder {
    simulation_of(OURS)
}

pub(crate) fn simulation_of(subject: Subject) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, move || Box::new(User(subject)))
        .workload(|| Box::new(Waiter))
        .attrition(Attrition::default().weights(0, 1).chance(0.8).within(60))
        .disk_faults(DiskFaults::none().short_reads(0.3, 20).short_writes(0.3, 20).stalls(0.2, 50))
        .event_budget(50_000)
}

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    /// What it held since it was last synced; the first is what a crash leaves at least.
    since: Vec<Vec<u8>>,
}

impl Content {
    /// May a crash have left this?
    fn allows(&self, found: &[u8]) -> bool {
        let lengths = self.since.iter().map(Vec::len);
        let (least, most) = (lengths.clone().min().unwrap_or(0), lengths.max().unwrap_or(0));
        let byte = |at: usize| self.since.iter().any(|then| then.get(at).copied().unwrap_or(0) == found[at]);
        (least..=most).contains(&found.len()) && (0..found.len()).all(byte)
    }
}

/// The program's view, and what a crash may leave of it.
#[derive(Clone, Debug, Default)]
struct Model {
    files: Vec<Content>,
    names: BTreeMap<&'static str, usize>,
    /// Each name's targets since its directory was last synced.
    since: BTreeMap<&'static str, Vec<Option<usize>>>,
    done: bool,
}

impl Model {
    /// `name` stands for `file`, now or soon: a crash in between may leave either.
    fn point(&mut self, name: &'static str, file: Option<usize>) {
        let old = self.names.get(name).copied();
        let since = self.since.entry(name).or_default();
        if since.is_empty() {
            since.push(old);
        }
        since.push(file);
        match file {
            Some(file) => drop(self.names.insert(name, file)),
            None => drop(self.names.remove(name)),
        }
    }

    fn change(&mut self, file: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let content = &mut self.files[file];
        if content.since.is_empty() {
            content.since.push(content.now.clone());
        }
        change(&mut content.now);
        content.since.push(content.now.clone());
    }

    fn create(&mut self, name: &'static str) -> usize {
        self.files.push(Content { now: Vec::new(), since: vec![Vec::new()] });
        self.point(name, Some(self.files.len() - 1));
        self.files.len() - 1
    }

    fn sync(&mut self, file: usize) {
        let content = &mut self.files[file];
        content.since = vec![content.now.clone()];
    }

    fn sync_dir(&mut self, dir: &str) {
        for name in NAMES {
            if dir_of(name) == dir {
                self.since.insert(name, vec![self.names.get(name).copied()]);
            }
        }
    }

    fn in_dir(&self, dir: &str) -> Vec<String> {
        let names = self.names.keys().filter(|name| dir_of(name) == dir);
        let own = names.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
        let mut names: Vec<_> = own.chain((dir == "/").then(|| "d".to_owned())).collect();
        names.sort();
        names
    }

    /// May a crash have left this? Says what is wrong.
    fn judge(&self, found: &Found) -> Result<(), String> {
        let mut sure = BTreeSet::new();
        for name in NAMES {
            let targets = self.since.get(name).cloned().unwrap_or_else(|| vec![self.names.get(name).copied()]);
            let Some(bytes) = found.get(name) else {
                if targets.contains(&None) {
                    continue;
                }
                return Err(format!("`{name}` is gone"));
            };
            let may_be: BTreeSet<_> =
                targets.iter().flatten().copied().filter(|file| self.files[*file].allows(bytes)).collect();
            if may_be.is_empty() {
                return Err(format!("`{name}` holds {} bytes that it can't: {targets:?}", bytes.len()));
            }
            // an empty file says too little of which one it is
            let only = may_be.first().filter(|_| may_be.len() == 1 && !bytes.is_empty());
            if only.is_some_and(|file| !sure.insert(*file)) {
                return Err(format!("`{name}` is a second name of the same file"));
            }
        }
        Ok(())
    }
}

fn dir_of(name: &str) -> &str {
    if name.starts_with("d/") { "d" } else { "/" }
}

struct Waiter;

#[async_trait(?Send)]
impl Workload for Waiter {
    fn name(&self) -> &str {
        "waiter"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for _ in 0..200 {
            if ctx.state().get::<Model>("model").is_some_and(|model| model.done) {
                break;
            }
            ctx.time().sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

struct User(Subject);

#[async_trait(?Send)]
impl Process for User {
    fn name(&self) -> &str {
        "user"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let disk = ctx.storage();
        if !disk.exists("d").await? {
            disk.create_dir("d").await?;
            disk.sync_dir("/").await?;
        }
        let found = (self.0.found)(contents(ctx).await?);
        let judged = model(ctx, |model| model.judge(&found));
        assert_always!(judged.is_ok(), format!("a crash leaves what it may: {judged:?}"));
        model(ctx, |model| *model = begun_with(&found));

        let mut open: Vec<(File, usize)> = Vec::new();
        for step in 0..ctx.random().label("steps").random_range(1..40u32) {
            let scope = ctx.random().scope("step", step);
            act(self.0, ctx, &scope, &mut open).await?;
        }
        model(ctx, |model| model.done = true);
        std::future::pending().await
    }
}

fn model<R>(ctx: &SimContext, change: impl FnOnce(&mut Model) -> R) -> R {
    ctx.state().update("model", change)
}

/// What a machine that was just switched on holds is durable.
fn begun_with(found: &Found) -> Model {
    let mut model = Model::default();
    for (name, bytes) in found {
        model.names.insert(name, model.files.len());
        model.files.push(Content { now: bytes.clone(), since: vec![bytes.clone()] });
    }
    model
}

async fn contents(ctx: &SimContext) -> io::Result<Found> {
    let mut found = BTreeMap::new();
    for name in NAMES {
        if ctx.storage().exists(name).await? {
            found.insert(name, ctx.storage().open(name).await?.read_all().await?);
        }
    }
    Ok(found)
}

/// Does one thing, first in the model, and holds the answer against it.
async fn act(
    subject: Subject,
    ctx: &SimContext,
    scope: &SimRandomProvider,
    open: &mut Vec<(File, usize)>,
) -> SimulationResult<()> {
    let disk = ctx.storage();
    let name = NAMES[scope.label("name").random_range(0..NAMES.len())];
    let known = model(ctx, |model| model.names.get(name).copied());
    match scope.label("do").weighted(&[4, 2, 1, 6, 2, 2, 3, 2, 2, 2, 1, 1]) {
        0 => {
            let file = model(ctx, |model| known.unwrap_or_else(|| model.create(name)));
            open.push((disk.open(name).await?, file));
        }
        1 => {
            let options = OpenOptions::new().read(true).write(true).create_new(true);
            let file = model(ctx, |model| known.is_none().then(|| model.create(name)));
            let opened = disk.open_with(name, options).await;
            is(opened.as_ref().map(|_| ()), if file.is_some() { Ok(()) } else { Err(ErrorKind::AlreadyExists) });
            if let (Ok(opened), Some(file)) = (opened, file) {
                open.push((opened, file));
            }
        }
        2 => {
            let file = model(ctx, |model| {
                let file = known.unwrap_or_else(|| model.create(name));
                model.change(file, Vec::clear);
                file
            });
            let options = OpenOptions::new().read(true).write(true).create(true).truncate(true);
            open.push((disk.open_with(name, options).await?, file));
        }
        3..=6 if open.is_empty() => {}
        what @ 3..=6 => {
            let (opened, file) = &open[scope.label("which").random_range(0..open.len())];
            use_file(subject, ctx, scope, what, opened, *file).await?;
        }
        7 => {
            let dir = dir_of(name);
            if subject.syncs_dirs {
                disk.sync_dir(dir).await?;
            }
            model(ctx, |model| model.sync_dir(dir));
        }
        8 => {
            let to = NAMES[scope.label("to").random_range(0..NAMES.len())];
            model(ctx, |model| {
                if let Some(file) = known.filter(|_| name != to) {
                    model.point(name, None);
                    model.point(to, Some(file));
                }
            });
            is(disk.rename(name, to).await.as_ref().map(|_| ()), known.map(|_| ()).ok_or(ErrorKind::NotFound));
        }
        9 => {
            model(ctx, |model| {
                if known.is_some() {
                    model.point(name, None);
                }
            });
            is(disk.remove_file(name).await.as_ref().map(|_| ()), known.map(|_| ()).ok_or(ErrorKind::NotFound));
        }
        10 => {
            let dir = dir_of(name);
            let (names, wanted) = ((subject.list)(disk.read_dir(dir).await?), model(ctx, |model| model.in_dir(dir)));
            assert_always!(names == wanted, format!("a directory lists its names: {names:?}, not {wanted:?}"));
        }
        _ => {
            let length = known.map(|file| model(ctx, |model| model.files[file].now.len() as u64));
            let told = disk.metadata(name).await.map(|metadata| metadata.len());
            is(told.as_ref().copied(), length.ok_or(ErrorKind::NotFound));
        }
    }
    if open.len() > 3 {
        open.remove(0);
    }
    Ok(())
}

async fn use_file(
    subject: Subject,
    ctx: &SimContext,
    scope: &SimRandomProvider,
    what: usize,
    opened: &File,
    file: usize,
) -> SimulationResult<()> {
    let most = [16u64, 600, 9_000][scope.label("size").random_range(0..3usize)];
    let length = scope.label("length").random_range(1..=most) as usize;
    let at = scope.label("at").random_range(0..=most) as usize;
    match what {
        3 => {
            let fill = scope.label("fill").random_range(1..=255u8);
            let bytes = vec![fill; length];
            model(ctx, |model| {
                model.change(file, |now| {
                    now.resize(now.len().max(at + length), 0);
                    now[at..at + length].copy_from_slice(&bytes);
                });
            });
            opened.write_all_at(at as u64, &bytes).await?;
        }
        4 => {
            model(ctx, |model| model.change(file, |now| now.resize(length, 0)));
            opened.set_len(length as u64).await?;
        }
        5 => {
            let (found, wanted) =
                ((subject.read)(opened.read_all().await?), model(ctx, |model| model.files[file].now.clone()));
            assert_always!(
                found == wanted,
                format!("a file holds what was written: {} bytes, of {}", found.len(), wanted.len())
            );
        }
        _ => {
            if subject.syncs {
                opened.sync_all().await?;
            }
            model(ctx, |model| model.sync(file));
        }
    }
    Ok(())
}

fn is<T: PartialEq + std::fmt::Debug>(found: Result<T, &io::Error>, wanted: Result<T, ErrorKind>) {
    let found = found.map_err(io::Error::kind);
    assert_always!(found == wanted, format!("an answer is the model's: {found:?}, not {wanted:?}"));
}
