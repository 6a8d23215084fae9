//! What processes of a campaign leave is added up whatever it says, or refused; and printed.

use simfuzz::campaign::Summary;

/// One that is right; `fuzz/self/seeds` has it too.
pub(crate) const SAMPLE: &str = r#"{"executions":20,"seconds":1.5,"truncated":0,"corpus":3,"features":4,"edges":null,
"split":{"fresh seeds":70.0},"goals":[{"name":"a goal","kind":"sometimes","place":"a.rs:1","evaluated":3,"runs":2,
"first":{"execution":3,"seconds":0.25},"smallest":{"bytes":12,"hex":"010000000000000000000000","file":null}}],
"outside":1,"faults":[{"name":"crashes","injected":18446744073709551615,"runs":2}],"findings":[{"identity":"always: x",
"reason":"because\u001b[31m","runs":1,"first":{"execution":9,"seconds":1.0},
"smallest":{"bytes":12,"hex":"010000000000000000000000","file":"crash-1"}}]}"#;

/// What is under test. A planted bug takes the place of one of them.
pub(crate) struct Subject {
    pub(crate) add: fn(&mut Summary, &Summary),
    pub(crate) print: fn(&Summary) -> String,
    pub(crate) write: fn(&Summary) -> Vec<u8>,
}

pub(crate) const OURS: Subject = Subject {
    add: Summary::add,
    print: Summary::to_string,
    write: |summary| serde_json::to_vec(summary).expect("what was read is written"),
};

pub(crate) fn check(bytes: &[u8]) {
    check_of(&OURS, bytes);
}

pub(crate) fn check_of(subject: &Subject, bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<Summary>(bytes) else { return };
    let mut all = Summary::default();
    for _ in 0..3 {
        (subject.add)(&mut all, &read);
    }
    assert!(all.executions >= read.executions && all.findings.len() <= read.findings.len());
    for fault in &read.faults {
        let sum = all.faults.iter().find(|sum| sum.name == fault.name).map_or(0, |sum| sum.injected);
        assert!(sum >= fault.injected, "{}: {sum}, and there were {}", fault.name, fault.injected);
    }
    let tapes = read.findings.iter().map(|found| &found.smallest);
    for tape in tapes.chain(read.goals.iter().filter_map(|goal| goal.smallest.as_ref())) {
        if let Some(bytes) = tape.tape() {
            simfuzz::Tape::decode(&bytes);
        }
    }
    let (reached, goals) = all.reached();
    assert!(reached <= goals);
    let _ = (all.newest(), all.silent_faults().count());
    let printed = (subject.print)(&all);
    let wrong = printed.chars().find(|character| character.is_control() && *character != '\n');
    assert_eq!(wrong, None, "{printed:?}");
    // what is kept of it can be read; a time may differ in its last digit, which JSON's readers allow themselves
    let again = serde_json::from_slice::<Summary>(&(subject.write)(&read)).expect("what was written is read");
    assert_eq!((again.executions, &again.faults), (read.executions, &read.faults));
}
