//! Reading runs: `replay`'s choice of lines, and reports as JSON and as pages.
//!
//! The target is `examples/letters.rs`. What a page does in a browser is `browser`'s.

use super::explore::{Project, example};
use super::{Said, has, refused, said};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// A string that a careless page would run.
pub(crate) const ATTACK: &str =
    "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'><!-- <script>";

/// The program of the letters.
fn program() -> PathBuf {
    static LETTERS: OnceLock<PathBuf> = OnceLock::new();
    LETTERS.get_or_init(|| example("letters")).clone()
}

/// A project with tapes of the letters: `calm`, and `lost`, on which one is lost.
pub(crate) fn letters() -> Project {
    let project = Project::of(program());
    fs::write(project.path("calm"), "tape 1  seed 0x0  base calm\n").unwrap();
    fs::write(project.path("lost"), simfuzz::Tape::swarm(24).encode()).unwrap();
    project
}

fn replay(project: &Project, args: &str) -> Said {
    said(Command::new(program()).arg("replay").args(args.split_whitespace()).current_dir(project.path("")))
}

/// The lines of the story: number, time, host and text.
fn lines(said: &Said) -> Vec<(u64, f64, String)> {
    let line = |line: &str| {
        let (number, rest) = line.trim_start().strip_prefix('#')?.split_once(' ')?;
        let (time, rest) = rest.trim_start().split_once("s ")?;
        Some((number.parse().ok()?, time.parse().ok()?, rest.trim_start().to_owned()))
    };
    said.out.lines().filter_map(line).collect()
}

fn json(project: &Project, args: &str) -> Value {
    let said = said(&mut project.simfuzz(&format!("report toy {args} --format json")));
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn a_story_is_read_coarsely_or_with_all_that_happened() {
    let project = letters();
    let (coarse, fine) = (replay(&project, "lost"), replay(&project, "lost -v"));
    assert_eq!((coarse.code, fine.code), (Some(1), Some(1)));
    has(&coarse.out, &["letter 0 to office-0: hello", "-> office-0: \"writer-0 0 hello\\n\"", "FINDING always: of 1"]);
    has(&fine.out, &["chose writer-0/pause = ", "<- writer-0: 17 bytes arrive", "writes \"writer-0 0 hello\\n\" at 0"]);
    has(&fine.out, &["INFO letters: a letter is kept letter=\"writer-0 0 hello\" boot=0"]);
    assert!(!coarse.out.contains("INFO letters") && !coarse.out.contains("chose "), "{}", coarse.out);
    // each line of the coarse story has the same number in the fine one
    let fine = lines(&fine);
    assert!(fine.iter().enumerate().all(|(index, (number, ..))| index as u64 == *number));
    assert!(lines(&coarse).iter().all(|line| fine.iter().any(|other| (other.0, other.1) == (line.0, line.1))));
}

#[test]
fn a_story_is_read_of_some_hosts_and_some_time() {
    let project = letters();
    let all = lines(&replay(&project, "lost -v"));
    let one = lines(&replay(&project, "lost -v --host office-0"));
    assert!(!one.is_empty() && one.len() < all.len());
    assert!(one.iter().all(|(.., text)| text.starts_with("office-0")));
    let both = lines(&replay(&project, "lost -v --host office"));
    assert!(both.iter().all(|(.., text)| text.starts_with("office-")));
    assert!(both.len() > one.len());
    // times as the story prints them find the lines that have them
    let (from, until) = (all[all.len() / 3].1, all[all.len() / 2].1);
    let some = lines(&replay(&project, &format!("lost -v --from {from}s --until {:.3}ms", until * 1_000.0)));
    let wanted: Vec<_> = all.iter().filter(|(_, at, _)| (from..=until).contains(at)).map(|line| line.0).collect();
    assert_eq!(some.iter().map(|line| line.0).collect::<Vec<_>>(), wanted);
    let missing = replay(&project, "lost --host server");
    assert_eq!(missing.code, Some(2));
    has(&missing.err, &["no host `server` in this run; there is office-0, office-1, writer-0, writer-1"]);
    has(&replay(&project, "lost --from 5").err, &["`5` is no virtual time: write `1.5s`"]);
    // and through the subcommand
    let through = said(&mut project.simfuzz("replay toy lost -v --host office-0 --from 0s --until 10s"));
    assert_eq!(lines(&through), one);
}

#[test]
fn where_no_debugger_watches_a_break_says_how_to_start_one() {
    let project = letters();
    let said = replay(&project, "lost --break-at-event 7");
    assert_eq!(said.code, Some(2), "{said:?}");
    has(&said.err, &["rust-gdb -q -ex run --args", "examples/letters replay lost --break-at-event 7"]);
}

#[test]
fn a_debugger_stops_in_the_code_under_test() {
    if Command::new("gdb").arg("--version").output().is_err() {
        eprintln!("skipped: there is no gdb");
        return;
    }
    let project = letters();
    let told = lines(&replay(&project, "lost"));
    let (number, ..) = told.iter().find(|(.., text)| text.contains("letter 1 to office-0")).unwrap();
    let mut gdb = Command::new("gdb");
    gdb.args(["-q", "-batch", "-ex", "run", "-ex", "bt", "--args"]).arg(program()).current_dir(project.path(""));
    let stopped = gdb.args(["replay", "lost", "--break-at-event", &number.to_string()]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&stopped.stdout), String::from_utf8_lossy(&stopped.stderr));
    if err.contains("ptrace") || out.contains("ptrace") {
        eprintln!("skipped: nothing may be traced here");
        return;
    }
    has(&err, &["on writer-0: letter 1 to office-0: hello"]);
    has(&out, &["SIGTRAP", "letters.rs:"]);
}

/// The form of the JSON, and all of a small run.
#[test]
fn the_account_of_a_small_run() {
    let project = letters();
    let said = said(project.simfuzz("report toy calm --format json").env("LETTERS", "1"));
    let mut report: Value = serde_json::from_str(&said.out).unwrap();
    report["simfuzz"] = "VERSION".into();
    let mut text = String::new();
    write(&mut text, &report, 0);
    insta::assert_snapshot!(text);
}

/// JSON with a line for each element of a list, which is how it is read best.
fn write(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if depth < 2 => {
            text.push_str("{\n");
            for (name, value) in fields {
                *text += &format!("{}{name:?}: ", "  ".repeat(depth + 1));
                write(text, value, depth + 1);
                text.push_str(",\n");
            }
            *text += &format!("{}}}", "  ".repeat(depth));
        }
        Value::Array(elements) if !elements.is_empty() => {
            text.push_str("[\n");
            elements.iter().for_each(|element| *text += &format!("{}{element},\n", "  ".repeat(depth + 1)));
            *text += &format!("{}]", "  ".repeat(depth));
        }
        _ => *text += &value.to_string(),
    }
}

#[test]
fn an_account_pairs_what_is_sent_with_what_arrives_and_knows_what_lasted() {
    let report = json(&letters(), "lost --original lost");
    assert_eq!((&report["format"], &report["target"], &report["tape"]), (&1.into(), &"toy".into(), &"lost".into()));
    assert_eq!(report["original"]["finding"], report["run"]["finding"]);
    assert_eq!(report["original"]["events"].as_array().unwrap().len(), 0, "of the original its text is enough");
    let run = &report["run"];
    assert_eq!(run["status"], "found");
    let events = run["events"].as_array().unwrap();
    let arrivals: Vec<_> = events.iter().filter(|event| event["sort"] == "arrived").collect();
    assert!(arrivals.len() > 10, "{arrivals:?}");
    for arrival in arrivals {
        let sent = &events[arrival["sent"].as_u64().unwrap() as usize];
        assert_eq!(sent["sort"], "sent");
        assert_eq!((&sent["host"], &sent["peer"]), (&arrival["peer"], &arrival["host"]));
        assert!(sent["at"].as_u64() <= arrival["at"].as_u64());
    }
    // a process is up in spans that don't overlap, one a boot
    let spans = run["spans"].as_array().unwrap();
    let up: Vec<_> = spans.iter().filter(|span| span["what"] == "up" && span["host"] == 0).collect();
    assert!(up.len() >= 2, "the office of the lost letter crashed: {spans:?}");
    assert!(up.windows(2).all(|pair| pair[0]["to"].as_u64() <= pair[1]["from"].as_u64()));
    assert_eq!(events[up[1]["event"].as_u64().unwrap() as usize]["sort"], "boot");
    assert!(events.iter().any(|event| event["sort"] == "fault" && event["kind"] == "crash"));
    assert!(spans.iter().any(|span| span["what"] == "cut" && !span["links"].as_array().unwrap().is_empty()));
    assert_eq!(events.iter().filter(|event| event["sort"] == "finding").count(), 1);
    // every choice belongs to one event, in order
    let made: Vec<_> = events.iter().map(|event| event["choices"].as_u64().unwrap()).collect();
    assert!(made.is_sorted() && *made.last().unwrap() <= run["choices_made"].as_u64().unwrap());
    assert_eq!(run["choices"].as_array().unwrap().len() as u64, run["choices_made"].as_u64().unwrap());
}

#[test]
fn a_page_is_one_file_in_which_nothing_of_the_system_is_markup() {
    let project = letters();
    let made = said(project.simfuzz("report toy lost --out pages").env("LETTER", ATTACK));
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(made.out, "pages/toy-lost.html\n");
    let page = fs::read_to_string(project.path("pages/toy-lost.html")).unwrap();
    assert!(page.contains("owned"), "the letters are in it");
    assert!(!page.contains("<script>document.title") && !page.contains("<img") && !page.contains("<!-- <script>"));
    assert_eq!(page.matches("http://").count() + page.matches("https://").count(), 0, "it names no place in the net");
    assert_eq!(fs::read_dir(project.path("pages")).unwrap().count(), 1);
    // without `--out` it lies in the build folder, which is ignored
    has(&said(&mut project.simfuzz("report toy calm")).out, &["fuzz/target/simfuzz/reports/toy-calm.html\n"]);
}

#[test]
fn what_was_minimised_stands_beside_its_original() {
    let project = letters();
    let tape = fs::read(project.path("lost")).unwrap();
    let hash = simfuzz::fuzz::file_name(&tape);
    fs::write(project.path(&format!("crash-{hash}")), &tape).unwrap();
    fs::copy(project.path("calm"), project.path(&format!("minimized-from-{hash}.2"))).unwrap();
    let report = json(&project, &format!("minimized-from-{hash}.2"));
    assert_eq!(report["original_tape"], format!("crash-{hash}"));
    assert_eq!((&report["run"]["status"], &report["original"]["status"]), (&"passed".into(), &"found".into()));
}

#[test]
fn a_report_of_nothing_is_refused_with_the_way_out() {
    let project = letters();
    refused(&mut project.simfuzz("report toy"), &["no campaign of toy", "`cargo simfuzz explore toy` makes one"]);
    refused(&mut project.simfuzz("report toy nothing"), &["no file nothing"]);
    refused(&mut project.simfuzz("report toy --original lost"), &["`--original` belongs to a tape"]);
    fs::write(project.path("torn"), [1; 13]).unwrap();
    refused(&mut project.simfuzz("report toy torn"), &["torn"]);
    assert!(!project.path("fuzz/target/simfuzz/reports").exists());
}
