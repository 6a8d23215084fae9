//! What processes of a campaign leave is added up whatever it says, or refused; and printed.

use simfuzz::campaign::Summary;

/// One that is right; `fuzz/self/seeds` has it too.
pub(crate) const SAMPLE: &str = r#"{"executions":20,"seconds":1.5,"truncated":0,"corpus":3,"features":4,"edges":null,
"split":{"fresh seeds":70.0},"goals":[{"name":"a goal","kind":"sometimes","place":"a.rs:1","evaluated":3,"runs":2,
"first":{"execution":3,"seconds":0.25},"smallest":{"bytes":12,"hex":"010000000000000000000000","file":null}}],
"outside":1,"faults":[{"name":"crashes","injected":18446744073709551615,"runs":2}],"findings":[{"identity":"always: x",
"reason":"because","runs":1,"first":{"execution":9,"seconds":1.0},
"smallest":{"bytes":12,"hex":"010000000000000000000000","file":"crash-1"}}]}"#;

pub(crate) fn check(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<Summary>(bytes) else { return };
    let mut all = Summary::default();
    for _ in 0..3 {
        all.add(&read);
    }
    assert!(all.executions >= read.executions && all.findings.len() <= read.findings.len());
    let tapes = read.findings.iter().map(|found| &found.smallest);
    for tape in tapes.chain(read.goals.iter().filter_map(|goal| goal.smallest.as_ref())) {
        if let Some(bytes) = tape.tape() {
            simfuzz::Tape::decode(&bytes);
        }
    }
    let (reached, goals) = all.reached();
    assert!(reached <= goals);
    let _ = (all.newest(), all.silent_faults().count());
    let printed = all.to_string();
    let wrong = printed.chars().find(|character| character.is_control() && *character != '\n');
    assert_eq!(wrong, None, "{printed:?}");
    // what is kept of it can be read; a time may differ in its last digit, which JSON's readers allow themselves
    let text = serde_json::to_vec(&read).expect("what was read is written");
    let again = serde_json::from_slice::<Summary>(&text).expect("what was written is read");
    assert_eq!((again.executions, &again.faults), (read.executions, &read.faults));
}
