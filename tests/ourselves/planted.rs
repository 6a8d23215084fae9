//! The checks can fail: bugs that are planted into what they check, one at a time, are caught by the inputs that
//! the tests of this folder give them.
//!
//! Owns the bugs, and the count of inputs until each is caught. A check that lets one pass is too weak, whatever hours
//! its fuzz target has run for.

mod checker;
mod worlds;

use super::Words;
use simfuzz::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Inputs until a check panics. Says so, or panics itself when none of them does.
fn caught<T>(bug: &str, inputs: impl IntoIterator<Item = T>, check: impl Fn(T)) {
    let mut given = 0u32;
    for input in inputs {
        given += 1;
        if catch_unwind(AssertUnwindSafe(|| check(input))).is_err() {
            println!("caught after {given} inputs: {bug}");
            return;
        }
    }
    panic!("{given} inputs don't show that {bug}");
}

/// Drawn bytes, and edited versions of what is right: as the tests of the checks have them.
fn inputs(count: u64, most: usize, sample: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let drawn = (0..count).map(move |input| Words(input).bytes(most));
    let edited = (0..count).map(move |input| Words(input).edited(sample));
    [sample.to_vec()].into_iter().chain(edited).chain(drawn)
}

/// The seeds until a run has a finding of the kind `always`.
fn found(bug: &str, builder: SimulationBuilder) {
    let simulation = builder.build();
    let tapes = (0..300).map(|seed| if seed % 2 == 0 { Tape::swarm(seed) } else { Tape::seeded(seed) });
    caught(bug, tapes, |tape| {
        let outcome = simulation.run(&tape);
        let finding = outcome.finding().map(|finding| finding.identity.clone()).unwrap_or_default();
        assert!(!finding.starts_with("always: "), "{finding}");
    });
}

mod tapes {
    use super::{caught, inputs};
    use crate::tape::{OURS, Subject, check_of, sample};
    use simfuzz::Tape;
    use simfuzz::choice::{Base, Op, TextTape};

    fn without_last(tape: &Tape) -> Tape {
        let rows = tape.rows();
        Tape::from_rows(tape.seed(), tape.base(), rows[..rows.len().saturating_sub(1)].to_vec())
    }

    #[test]
    fn of_tapes() {
        let bugs: [(&str, Subject); 7] = [
            (
                "a row that was torn off is read",
                Subject {
                    decode: |bytes| Tape::decode(&[bytes, &[0; 11][..(12 - bytes.len() % 12) % 12]].concat()),
                    ..OURS
                },
            ),
            (
                "the base is not written",
                Subject {
                    encode: |tape| Tape::from_rows(tape.seed(), Base::Seeded, tape.rows().to_vec()).encode(),
                    ..OURS
                },
            ),
            (
                "ordinals are written with 16 bits",
                Subject {
                    encode: |tape| {
                        let mut bytes = tape.encode();
                        bytes.chunks_exact_mut(12).skip(1).for_each(|row| row[6] = 0);
                        bytes
                    },
                    ..OURS
                },
            ),
            (
                "strict reading forgets a row",
                Subject { read: |bytes| Tape::read(bytes).map(|tape| without_last(&tape)), ..OURS },
            ),
            (
                "the high half of a value is lost in the text",
                Subject {
                    parse: |text| {
                        let mut text = TextTape::parse(text)?;
                        text.tape.retain(|row| row.op != Op::SetHigh);
                        Ok(text)
                    },
                    ..OURS
                },
            ),
            (
                "a row that a run used is taken for an unused one",
                Subject { canonical: |trace, tape| without_last(&trace.canonical(tape)), ..OURS },
            ),
            (
                "a choice is not written out",
                Subject { materialise: |trace, tape| without_last(&trace.materialise(tape)), ..OURS },
            ),
        ];
        for (bug, subject) in bugs {
            caught(bug, inputs(600, 200, &sample()), |bytes| check_of(&subject, &bytes));
        }
    }
}

mod texts {
    use super::{caught, inputs};
    use crate::text::{OURS, SAMPLE, Subject, check_of};
    use simfuzz::Tape;
    use simfuzz::choice::{Label, TapeError};
    use simfuzz::regress::{self, Saved};

    #[test]
    fn of_texts() {
        let bugs: [(&str, Subject); 5] = [
            (
                "the last row of a file is not read",
                Subject {
                    read: |bytes| {
                        let mut saved = Saved::read(bytes)?;
                        let last = saved.text.tape.rows().last().copied();
                        saved.text.tape.retain(|row| Some(*row) != last);
                        Ok(saved)
                    },
                    ..OURS
                },
            ),
            (
                "notes are not printed",
                Subject {
                    print: |text| {
                        let mut text = text.clone();
                        text.notes.clear();
                        text.print(None)
                    },
                    ..OURS
                },
            ),
            (
                "names are printed in colour",
                Subject { print: |text| text.print(None).replace("lock/", "\u{1b}[31mlock/"), ..OURS },
            ),
            (
                "a refusal shows the line as it is",
                Subject {
                    refusal: |error| match error {
                        TapeError::Line { line, reason } => format!("line {line}: {reason}\u{7}"),
                        error => error.to_string(),
                    },
                    ..OURS
                },
            ),
            (
                "binding adds rows",
                Subject {
                    bind: |simulation, text| {
                        let mut tape: Tape = regress::bind(simulation, text).tape;
                        for ordinal in 0..2 {
                            tape.set(Label::new("nowhere"), ordinal, 1);
                        }
                        tape
                    },
                    ..OURS
                },
            ),
        ];
        for (bug, subject) in bugs {
            caught(bug, inputs(600, 200, SAMPLE.as_bytes()), |bytes| check_of(&subject, &bytes));
        }
    }
}

#[cfg(feature = "fuzz")]
mod records {
    use super::{caught, inputs};
    use crate::records::{OURS, SAMPLE, Subject, check_of};
    use simfuzz::campaign::Summary;

    #[test]
    fn of_records() {
        let bugs: [(&str, Subject); 4] = [
            (
                "sums wrap around",
                Subject {
                    add: |all, other| {
                        let before: Vec<_> = all.faults.iter().map(|fault| fault.injected).collect();
                        all.add(other);
                        for (sum, (before, new)) in all.faults.iter_mut().zip(before.iter().zip(&other.faults)) {
                            sum.injected = before.wrapping_add(new.injected);
                        }
                    },
                    ..OURS
                },
            ),
            (
                "a finding that is known is listed again",
                Subject {
                    add: |all, other| {
                        all.add(other);
                        all.findings.extend(other.findings.iter().cloned());
                    },
                    ..OURS
                },
            ),
            (
                "a reason is printed as it is",
                Subject {
                    print: |all| {
                        let reasons: String = all.findings.iter().map(|found| found.reason.as_str()).collect();
                        all.to_string() + &reasons
                    },
                    ..OURS
                },
            ),
            (
                "faults are not kept",
                Subject {
                    write: |summary| {
                        let mut summary = summary.clone();
                        summary.faults = Vec::new();
                        (OURS.write)(&Summary { ..summary })
                    },
                    ..OURS
                },
            ),
        ];
        for (bug, subject) in bugs {
            caught(bug, inputs(1_000, 200, SAMPLE.as_bytes()), |bytes| check_of(&subject, &bytes));
        }
    }
}
