//! `cargo simfuzz bench`: which way to search finds a target's bug in the least processor time.
//!
//! Owns the order of trials, their caps and the exit code. A trial is a process of its own (`trial`),
//! finished ones are kept in a file (`record`), and all that is said of them is computed from that
//! file (`summary`, `table`, `plot`).

mod mode;
mod odds;
mod plan;
mod plot;
mod problem;
mod record;
mod summary;
mod survival;
mod table;
mod trial;

use crate::cli::Package;
use crate::project::{Project, shown};
use crate::screen::{Screen, clock, count};
use crate::stop::{BAD, CLEAN, INTERRUPTED, Stop};
use crate::watched::interrupted;
use mode::Mode;
use plan::{Plan, Wanted};
use problem::{Builds, Problem};
use record::{Records, Trial};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use trial::Job;

/// Compare ways to search for a target's bug: mean processor time a find, with intervals.
///
/// A problem is a target whose simulation has one bug; whatever it finds counts. Each trial is one
/// search from a seed of its own, until its first finding or until its processor time is up. All
/// modes make trial 1 of a problem before any makes trial 2. Trials are appended to OUT/trials.jsonl as
/// they end, and a second call goes on where the first one stopped; OUT/README.md has the tables and
/// OUT/survival.svg the plot.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz bench --list                              the problems and the modes
  cargo simfuzz bench --problems sim_target --trials 10
  cargo simfuzz bench --problems planted --modes swarm,explore --cap 60
  cargo simfuzz bench --fuzz-dir guidance --modes all     with each part of the guidance taken away
  cargo simfuzz bench --trials 0                          only write the tables anew

Without --cap a trial is cut off at 20 times the median of the guided ones so far, and at 5 to 300
seconds. A mode that finds nothing in its first 5 trials of a problem makes no more of it.

Exit codes: 0 all trials are done, 2 bad input, or a problem that can't be built or measured (the
others are), 130 stopped by Ctrl-C (what is done is kept).")]
pub(crate) struct BenchArgs {
    /// Targets or groups, with commas; without it those that have a group, else all
    #[arg(long, value_name = "NAMES")]
    problems: Option<String>,
    /// Ways to search, with commas, or `all`; without it libfuzzer,explore,swarm,random,bytes
    #[arg(long, value_name = "NAMES")]
    modes: Option<String>,
    /// Trials of each problem in each mode
    #[arg(long, value_name = "N", default_value_t = 10)]
    trials: u32,
    /// Processor seconds of a trial at most
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    cap: Option<f64>,
    /// The seed of trial 1; trial 2 has the next one, and so on
    #[arg(long, value_name = "FIRST", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    seed: u32,
    /// Trials at the same time; more than there are cores would measure the waiting
    #[arg(short, long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// The folder of the results; without it `results` in the fuzz package
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Count trials that other builds made together with new ones
    #[arg(long)]
    any_build: bool,
    /// Show the problems and the modes, and what is done of each, and measure nothing
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    package: Package,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("it is a number of seconds above 0".into()),
    }
}

/// `cargo simfuzz bench`.
pub(crate) fn bench(args: &BenchArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let problems = Problem::choose(&project, args.problems.as_deref())?;
    let modes = args.modes.as_deref().map_or_else(|| Ok(Mode::usual()), Mode::read)?;
    let out = args.out.clone().unwrap_or_else(|| project.fuzz_dir().join("results"));
    let records = Records::read(&out)?;
    if let Some(sentence) = &records.mended {
        eprintln!("{sentence}");
    }
    if args.list {
        list(&problems, &records);
        return Ok(CLEAN);
    }
    let mut screen = Screen::new();
    let wanted = Wanted { trials: args.trials, first: args.seed, cap: args.cap };
    let mut plan = Plan::new(problems.iter().map(|problem| problem.name.clone()).collect(), modes, wanted, records);
    plan.check(&out)?;
    let mut code = CLEAN;
    if !plan.pending().is_empty() {
        let mut builds = Builds::new(&project)?;
        for name in plan.problems_left() {
            let modes = plan.modes_left(&name);
            if let Err(stop) = builds.build(&project, &args.package, &name, &modes, &mut screen) {
                if interrupted() {
                    return Err(Stop::interrupted());
                }
                screen.line(&format!("error: {stop}\n{name} is left out, the other problems go on"));
                plan.leave_out(&name);
                code = BAD;
            }
        }
        plan.check_builds(&builds, &out, args.any_build)?;
        code = code.max(measure(&mut plan, &builds, args.jobs, &mut screen)?);
    }
    write(&project, &out, &plan.records, &problems, &screen)?;
    let left = plan.pending().len();
    if interrupted() {
        screen.line(&format!("stopped; {} left: the same command goes on with them", count(left, "trial")));
        return Ok(INTERRUPTED);
    }
    Ok(code)
}

/// What a worker says of a job.
type Done = (Job, Result<trial::Result, Stop>);

/// Makes all pending trials, as many at a time as asked.
fn measure(plan: &mut Plan, builds: &Builds, jobs: u16, screen: &mut Screen) -> Result<u8, Stop> {
    let (sender, done) = channel::<Done>();
    let mut running: BTreeMap<String, (Mode, Instant)> = BTreeMap::new();
    let mut code = CLEAN;
    let mut last = String::new();
    screen.begin();
    loop {
        while running.len() < usize::from(jobs) && !interrupted() {
            let Some(job) = plan.next(builds) else { break };
            running.insert(job.to_string(), (job.mode, Instant::now()));
            work(job, sender.clone());
        }
        if running.is_empty() {
            break;
        }
        match done.recv_timeout(Duration::from_millis(200)) {
            Ok((job, result)) => {
                running.remove(&job.to_string());
                match result {
                    Ok(result) => {
                        last = format!("{job}: {}", told(&result));
                        plan.finished(&job, result, builds)?;
                    }
                    // it says so itself, at the end
                    Err(_) if interrupted() => plan.put_back(&job),
                    Err(stop) => {
                        screen.line(&format!("error: {stop}\n{} is left out, the other problems go on", job.problem));
                        plan.leave_out(&job.problem);
                        code = BAD;
                    }
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        screen.live(|elapsed| live(elapsed, plan, jobs, &running, &last));
    }
    screen.clear();
    Ok(code)
}

fn work(job: Job, sender: Sender<Done>) {
    thread::spawn(move || {
        let result = job.run();
        // the receiver lives as long as there are jobs
        let _ = sender.send((job, result));
    });
}

fn told(result: &trial::Result) -> String {
    match &result.found {
        Some(_) => format!("found after {:.1} s", result.cpu),
        None => format!("nothing in {:.1} s", result.cpu),
    }
}

fn live(elapsed: Duration, plan: &Plan, jobs: u16, running: &BTreeMap<String, (Mode, Instant)>, last: &str) -> String {
    let left = plan.pending().len() + running.len();
    let mut text = format!("{}  {} left", clock(elapsed), count(left, "trial"));
    if let Some(seconds) = plan.seconds_left(f64::from(jobs)) {
        text += &format!(", about {}", clock(Duration::from_secs_f64(seconds)));
    }
    for (job, (_, began)) in running {
        text += &format!("  {job} {}", clock(began.elapsed()));
    }
    if !last.is_empty() {
        text += &format!("  last: {last}");
    }
    text
}

/// Writes what the finished trials say.
fn write(project: &Project, out: &Path, records: &Records, problems: &[Problem], screen: &Screen) -> Result<(), Stop> {
    if records.trials.is_empty() {
        screen.line("no trial is done, so there is no table");
        return Ok(());
    }
    // the tables are of all that is in the folder, chosen now or not
    let mut all = Problem::choose(project, None)?;
    all.extend(problems.iter().cloned());
    let all = Problem::with_trials(all, records);
    let failed = |error: std::io::Error| Stop::bad(format!("{} can't be written: {error}", shown(out)));
    fs::create_dir_all(out).map_err(failed)?;
    let page = table::page(&all, records);
    fs::write(out.join("README.md"), &page).map_err(failed)?;
    fs::write(out.join("survival.svg"), plot::svg(&all, records)).map_err(failed)?;
    println!("{page}");
    screen.line(&format!("written: {0}/README.md and {0}/survival.svg", shown(out)));
    Ok(())
}

fn list(problems: &[Problem], records: &Records) {
    let width = problems.iter().map(|problem| problem.name.len()).max().unwrap_or(0).max("problem".len());
    println!("{:width$}  {:8}  {:>6}  about", "problem", "group", "trials");
    for problem in problems {
        let done = records.trials.iter().filter(|trial| trial.problem == problem.name).count();
        println!("{:width$}  {:8}  {done:>6}  {}", problem.name, problem.group, problem.about);
    }
    println!("\nmodes:");
    for mode in Mode::all() {
        println!("{:20}  {}", mode.to_string(), mode.about());
    }
}

/// The line of the file for a finished job.
fn record(job: &Job, result: trial::Result, builds: &Builds) -> Trial {
    Trial {
        problem: job.problem.clone(),
        mode: job.mode,
        number: job.number,
        seed: job.seed,
        cap: job.cap,
        found: result.found,
        executions: result.executions,
        cpu: result.cpu,
        build: builds.hash(&job.problem, job.mode).to_owned(),
        version: builds.version.clone(),
    }
}
