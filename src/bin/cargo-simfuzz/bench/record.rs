//! The finished trials: one line of JSON each, in a file that only grows.
//!
//! Owns the file `trials.jsonl` and its form. Which trials are wanted is the plan's business.

use super::mode::Mode;
use super::survival::Ended;
use crate::project::shown;
use crate::stop::Stop;
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// One finished trial.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trial {
    pub(super) problem: String,
    pub(super) mode: Mode,
    /// Its number, from 1.
    pub(super) number: u32,
    pub(super) seed: u32,
    /// Processor seconds at which it was to be cut off.
    pub(super) cap: f64,
    /// The identity of what it found.
    pub(super) found: Option<String>,
    pub(super) executions: u64,
    pub(super) cpu: f64,
    /// A hash of the binary.
    pub(super) build: String,
    /// What was built, as people name it.
    pub(super) version: String,
}

impl Trial {
    pub(super) fn ended(&self) -> Ended {
        Ended { at: self.cpu, found: self.found.is_some() }
    }

    fn to_json(&self) -> Value {
        json!({
            "problem": self.problem, "mode": self.mode.to_string(), "trial": self.number, "seed": self.seed,
            "cap": self.cap, "found": self.found, "executions": self.executions, "cpu_seconds": self.cpu,
            "build": self.build, "version": self.version,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let number = |key: &str| value[key].as_u64().and_then(|number| u32::try_from(number).ok());
        let mode = value["mode"].as_str()?;
        Some(Self {
            problem: text("problem")?,
            mode: Mode::all().into_iter().find(|known| known.to_string() == mode)?,
            number: number("trial").filter(|&number| number > 0)?,
            seed: number("seed")?,
            cap: value["cap"].as_f64()?,
            found: text("found"),
            executions: value["executions"].as_u64()?,
            cpu: value["cpu_seconds"].as_f64()?,
            build: text("build")?,
            version: text("version")?,
        })
    }
}

/// The file, and what is in it.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    file: Option<File>,
    pub(super) trials: Vec<Trial>,
    /// What was wrong with the file and is mended now.
    pub(super) mended: Option<String>,
}

impl Records {
    /// Reads those of `folder`; changes nothing but a torn end.
    pub(super) fn read(folder: &Path) -> Result<Self, Stop> {
        let path = folder.join("trials.jsonl");
        let mut records = Self { path, file: None, trials: Vec::new(), mended: None };
        let path = &records.path;
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(records),
            Err(error) => return Err(Stop::bad(format!("{} can't be read: {error}", shown(path)))),
        };
        let mut whole = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let value = serde_json::from_str::<Value>(line).ok();
            let trial = value.as_ref().and_then(Trial::from_json).filter(|_| line.ends_with('\n'));
            match trial {
                Some(trial) => records.trials.push(trial),
                // a process that was killed while it wrote
                None if whole + line.len() == text.len() && !line.ends_with('\n') => {
                    let mended = OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(whole as u64));
                    mended.map_err(|error| Stop::bad(format!("{} can't be mended: {error}", shown(path))))?;
                    records.mended = Some(format!("the last line of {} was torn: it is dropped", shown(path)));
                }
                None => {
                    return Err(Stop::bad(format!(
                        "line {} of {} is no trial of this version's: choose another `--out`, or delete the line",
                        index + 1,
                        shown(path)
                    )));
                }
            }
            whole += line.len();
        }
        Ok(records)
    }

    /// Adds a trial, on the disk first.
    pub(super) fn add(&mut self, trial: Trial) -> Result<(), Stop> {
        let failed = |error: std::io::Error| Stop::bad(format!("{} can't be written: {error}", shown(&self.path)));
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                fs::create_dir_all(self.path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
                let file = OpenOptions::new().create(true).append(true).open(&self.path).map_err(failed)?;
                self.file.insert(file)
            }
        };
        // one write, so that an end by force tears at most this line
        file.write_all(format!("{}\n", trial.to_json()).as_bytes()).map_err(failed)?;
        self.trials.push(trial);
        Ok(())
    }

    /// Those of `problem` in `mode`.
    pub(super) fn of<'a>(&'a self, problem: &'a str, mode: Mode) -> impl Iterator<Item = &'a Trial> {
        self.trials.iter().filter(move |trial| trial.problem == problem && trial.mode == mode)
    }

    pub(super) fn has(&self, problem: &str, mode: Mode, number: u32) -> bool {
        self.of(problem, mode).any(|trial| trial.number == number)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn trial(problem: &str, mode: &str, number: u32, cpu: f64, found: bool) -> Trial {
        Trial {
            problem: problem.into(),
            mode: Mode::read(mode).unwrap()[0],
            number,
            seed: number,
            cap: 60.0,
            found: found.then(|| "always: kept".into()),
            executions: (cpu * 1_000.0) as u64,
            cpu,
            build: "0a".into(),
            version: "v".into(),
        }
    }

    pub(in super::super) fn records(trials: Vec<Trial>) -> Records {
        Records { path: PathBuf::new(), file: None, trials, mended: None }
    }

    fn written(folder: &Path) -> Records {
        let mut records = Records::read(folder).unwrap();
        records.add(trial("bank", "swarm", 1, 2.5, true)).unwrap();
        records.add(trial("bank", "explore", 1, 60.0, false)).unwrap();
        records
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let records = written(folder.path());
        assert_eq!(Records::read(folder.path()).unwrap().trials, records.trials);
        assert!(records.has("bank", Mode::SWARM, 1) && !records.has("bank", Mode::SWARM, 2));
    }

    #[test]
    fn a_torn_end_is_dropped_and_the_next_trial_stands_on_its_own_line() {
        let folder = tempfile::tempdir().unwrap();
        let whole = written(folder.path()).trials;
        let path = folder.path().join("trials.jsonl");
        let mut text = fs::read_to_string(&path).unwrap();
        text += r#"{"problem":"ba"#;
        fs::write(&path, text).unwrap();
        let mut records = Records::read(folder.path()).unwrap();
        assert!(records.mended.is_some());
        assert_eq!(records.trials, whole);
        records.add(trial("bank", "swarm", 2, 1.0, true)).unwrap();
        let again = Records::read(folder.path()).unwrap();
        assert_eq!((again.trials.len(), again.mended), (3, None));
    }

    #[test]
    fn a_line_that_is_no_trial_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("trials.jsonl"), "{\"problem\":7}\n").unwrap();
        let sentence = Records::read(folder.path()).unwrap_err().to_string();
        assert!(sentence.starts_with("line 1 of "), "{sentence}");
    }
}
