//! The workload: a device that keeps its settings on a chip, and loses its power now and then.

use super::chip::{Chip, PowerIsGone, SIZE};
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};
use simfuzz::prelude::*;

/// Operations of a run: enough to go round the chip's three pages.
const OPERATIONS: u32 = 40;

/// Time passes from operation to operation, so that a run can be told "the same until then".
const STEP: Duration = Duration::from_millis(1);

const KEYS: u8 = 3;
const LONGEST: usize = 20;

/// When the power is about to go, it does so within so many bytes: in this operation, or in one of
/// the next, of which some erase a page and move what is still wanted.
const POWER: [usize; 2] = [40, 600];

/// The error of an operation.
type Error = sequential_storage::Error<PowerIsGone>;
type Map<const WORD: usize> = MapStorage<u8, Chip<WORD>, Cache<Uncached, Uncached, Uncached, u8>>;
type Value = Option<Vec<u8>>;

/// What a run asks for; the version breaks more than one promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    Stores,
    Removes,
}

pub(super) struct Device<const WORD: usize> {
    pub(super) promise: Promise,
}

#[async_trait(?Send)]
impl<const WORD: usize> Workload for Device<WORD> {
    fn name(&self) -> &str {
        "device"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut settings = Settings { promise: self.promise, map: boot(Chip::<WORD>::new()), keys: Default::default() };
        let mut seen = Seen::default();
        for number in 0..OPERATIONS {
            ctx.time().sleep(STEP).await;
            let random = ctx.random().scope("op", number);
            if random.label("power goes").random_ratio(1, 4) {
                let within = random.label("within").choose(&POWER).copied().unwrap_or(POWER[0]);
                settings.map.flash().power(Some(random.label("bytes").random_range(0..within)));
            }
            let erases = settings.map.flash().erases();
            let key = random.label("key").random_range(0..KEYS);
            let op = random.label("op").weighted(&[6, 3, 3]);
            let done = match op {
                0 => {
                    let length = random.label("length").random_range(1..=LONGEST);
                    settings.store(ctx, key, vec![number as u8; length]).await
                }
                1 => settings.remove(ctx, key).await,
                _ => settings.read(ctx, key).await,
            };
            let has_power = settings.map.flash().has_power();
            if let (Err(error), true) = (done, has_power) {
                return Err(SimulationError::InvalidState(format!("the map fails: {error:?}")));
            }
            let erases = settings.map.flash().erases() - erases;
            if !has_power {
                ctx.note(|| "the power goes".to_owned());
                assert_sometimes!(op == 0, "the power goes in a store");
                assert_sometimes!(op == 1, "the power goes in a remove");
                assert_sometimes!(erases > 0, "the power goes when a page was erased");
                seen.interrupted[op] += 1;
            }
            seen.erases += i64::from(erases);
            if !has_power || random.label("reboots").random_ratio(1, 8) {
                settings = settings.reboot(ctx).await?;
            }
            ctx.state().guide("device", &seen.guide(&settings.keys));
        }
        Ok(())
    }
}

fn boot<const WORD: usize>(chip: Chip<WORD>) -> Map<WORD> {
    MapStorage::new(chip, MapConfig::new(0..SIZE), Cache::new_uncached())
}

/// How far a run has come.
#[derive(Default)]
struct Seen {
    /// By operation.
    interrupted: [i64; 3],
    erases: i64,
}

impl Seen {
    fn guide(&self, keys: &[Key]) -> [i64; 4] {
        let held = keys.iter().filter(|key| key.may_be.iter().any(Option::is_some)).count();
        [self.interrupted[0].min(3), self.interrupted[1].min(3), self.erases.min(5), held as i64]
    }
}

/// What is known of a key.
struct Key {
    /// The values that it may have: more than one after an interrupted operation, until it is read.
    may_be: Vec<Value>,
}

impl Default for Key {
    fn default() -> Self {
        Self { may_be: vec![None] }
    }
}

/// The map, and what it must hold.
struct Settings<const WORD: usize> {
    promise: Promise,
    map: Map<WORD>,
    keys: [Key; KEYS as usize],
}

impl<const WORD: usize> Settings<WORD> {
    async fn store(&mut self, ctx: &SimContext, key: u8, value: Vec<u8>) -> Result<(), Error> {
        ctx.note(|| format!("stores {value:?} as {key}"));
        let done = self.map.store_item(&mut buffer(), &key, &value.as_slice()).await;
        self.changed(key, Some(value), &done);
        done
    }

    async fn remove(&mut self, ctx: &SimContext, key: u8) -> Result<(), Error> {
        ctx.note(|| format!("removes {key}"));
        let done = self.map.remove_item(&mut buffer(), &key).await;
        self.changed(key, None, &done);
        done
    }

    fn changed(&mut self, key: u8, value: Value, done: &Result<(), Error>) {
        let may_be = &mut self.keys[usize::from(key)].may_be;
        if done.is_ok() {
            may_be.clear();
        }
        may_be.push(value);
    }

    async fn read(&mut self, ctx: &SimContext, key: u8) -> Result<(), Error> {
        let mut buffer = buffer();
        let value = self.map.fetch_item::<&[u8]>(&mut buffer, &key).await?.map(<[u8]>::to_vec);
        let may_be = &mut self.keys[usize::from(key)].may_be;
        ctx.note(|| format!("reads {value:?} as {key}"));
        let fine = may_be.contains(&value);
        assert_sometimes!(
            may_be.len() > 1 && may_be.first() == Some(&value),
            "an interrupted operation has done nothing"
        );
        assert_sometimes!(may_be.len() > 1 && may_be.last() == Some(&value), "an interrupted operation is done");
        if may_be.contains(&None) {
            assert_always!(
                fine || self.promise != Promise::Removes,
                "what is being removed is the last value or none",
                { "key" => key, "may be" => format!("{may_be:?}"), "is" => format!("{value:?}") }
            );
        } else {
            assert_always!(
                fine || self.promise != Promise::Stores,
                "what was stored is there",
                { "key" => key, "may be" => format!("{may_be:?}"), "is" => format!("{value:?}") }
            );
        }
        *may_be = vec![value];
        Ok(())
    }

    /// Boots again, and reads every key.
    async fn reboot(self, ctx: &SimContext) -> SimulationResult<Self> {
        ctx.note(|| "boots".to_owned());
        let (mut chip, _) = self.map.destroy();
        chip.power(None);
        let mut booted = Self { map: boot(chip), ..self };
        for key in 0..KEYS {
            let read = booted.read(ctx, key).await;
            read.map_err(|error| SimulationError::InvalidState(format!("the map can't be read: {error:?}")))?;
        }
        Ok(booted)
    }
}

/// What the library works in: the longest item, and room for the words that it is rounded up to.
fn buffer() -> [u8; 128] {
    [0; 128]
}
