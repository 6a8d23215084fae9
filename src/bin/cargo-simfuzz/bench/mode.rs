//! The ways to search that are compared, and their names.
//!
//! Owns what each means for the call of a target. A way may be guided with a part taken away.

use crate::project::listed;
use crate::stop::Stop;
use std::fmt;
use std::process::Command;

/// The parts that can be taken away; the target knows what each is.
const PARTS: [&str; 7] = ["reseeds", "elites", "bursts", "goals", "contexts", "turns", "niches"];

/// What a target reads from its environment; left over from elsewhere it would measure another search.
const VARIABLES: [&str; 5] =
    ["SIMFUZZ_WITHOUT", "SIMFUZZ_ENCODING", "SIMFUZZ_HANDOVER", "SIMFUZZ_KEEP_GOING", "SIMFUZZ_TRIAL"];

/// How the search is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Engine {
    // in this order within a trial: the guided ones set the cap for the others
    Libfuzzer,
    Explore,
    Swarm,
    Random,
    Bytes,
    BytesGoals,
}

/// An engine, perhaps without a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mode {
    without: Option<&'static str>,
    pub(super) engine: Engine,
}

impl Mode {
    pub(super) const SWARM: Self = Self::plain(Engine::Swarm);
    pub(super) const BYTES: Self = Self::plain(Engine::Bytes);
    /// The two whose claim the benchmark tests.
    pub(super) const GUIDED: [Self; 2] = [Self::plain(Engine::Libfuzzer), Self::plain(Engine::Explore)];

    const fn plain(engine: Engine) -> Self {
        Self { without: None, engine }
    }

    /// Those that are compared when nobody asks for others.
    pub(super) fn usual() -> Vec<Self> {
        use Engine::{Bytes, Explore, Libfuzzer, Random, Swarm};
        [Libfuzzer, Explore, Swarm, Random, Bytes].map(Self::plain).into()
    }

    /// All that there are, in the order in which a trial tries them.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Self::usual();
        all.push(Self::plain(Engine::BytesGoals));
        for part in PARTS {
            all.extend(Self::GUIDED.map(|mode| Self { without: Some(part), ..mode }));
        }
        all.sort();
        all
    }

    /// The modes that `names` lists with commas; `all` stands for all.
    pub(super) fn read(names: &str) -> Result<Vec<Self>, Stop> {
        let all = Self::all();
        let mut chosen = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match all.iter().find(|mode| mode.to_string() == name) {
                Some(&mode) => chosen.push(mode),
                None if name == "all" => chosen.extend(&all),
                None => {
                    let names: Vec<_> = all.iter().map(ToString::to_string).collect();
                    return Err(Stop::bad(format!("no mode `{name}`; there is {}, or `all`", listed(&names))));
                }
            }
        }
        chosen.sort();
        chosen.dedup();
        match chosen.is_empty() {
            true => Err(Stop::bad("`--modes` names none: leave it out, or see `cargo simfuzz bench --list`")),
            false => Ok(chosen),
        }
    }

    /// Does it need the fuzzer's build?
    pub(super) fn is_fuzzer(self) -> bool {
        matches!(self.engine, Engine::Libfuzzer | Engine::Bytes | Engine::BytesGoals)
    }

    pub(super) fn is_bytes(self) -> bool {
        matches!(self.engine, Engine::Bytes | Engine::BytesGoals)
    }

    /// Is it an engine of which something was taken away?
    pub(super) fn is_ablation(self) -> bool {
        self.without.is_some()
    }

    /// The variables that make a target search in this way, and no others from outside.
    pub(super) fn set(self, command: &mut Command) {
        for name in VARIABLES {
            command.env_remove(name);
        }
        if self.is_bytes() {
            command.env("SIMFUZZ_ENCODING", "bytes");
        }
        // as it has been tried: the fuzzer sees the code's branches and nothing else
        let without = if self.engine == Engine::Bytes { Some("goals") } else { self.without };
        if let Some(part) = without {
            command.env("SIMFUZZ_WITHOUT", part);
        }
    }

    /// For `--list`.
    pub(super) fn about(self) -> String {
        let about = match self.engine {
            Engine::Libfuzzer => "the fuzzer with our mutator and goals",
            Engine::Explore => "our own loop with the same guidance, plain build",
            Engine::Swarm => "random seeds, each with swarm: the rival to beat",
            Engine::Random => "random seeds without swarm",
            Engine::Bytes => "libFuzzer's bytes read in order, its own mutations, coverage of the code alone",
            Engine::BytesGoals => "the same with the goals as features",
        };
        match self.without {
            Some(part) => format!("{about}; without {part}"),
            None => about.into(),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.engine {
            Engine::Libfuzzer => "libfuzzer",
            Engine::Explore => "explore",
            Engine::Swarm => "swarm",
            Engine::Random => "random",
            Engine::Bytes => "bytes",
            Engine::BytesGoals => "bytes-goals",
        })?;
        self.without.map_or(Ok(()), |part| write!(f, "-{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_by_their_names_and_the_guided_come_first() {
        let modes = Mode::read("random, explore-goals,swarm,libfuzzer").unwrap();
        let names: Vec<_> = modes.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["libfuzzer", "swarm", "random", "explore-goals"]);
        assert_eq!(Mode::read("all").unwrap().len(), 20);
    }

    #[test]
    fn an_unknown_mode_is_refused_with_those_that_there_are() {
        let sentence = Mode::read("swarm,exlore").unwrap_err().to_string();
        assert!(sentence.starts_with("no mode `exlore`; there is `libfuzzer`, `explore`"), "{sentence}");
        assert!(Mode::read(",").is_err());
    }
}
