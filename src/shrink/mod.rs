//! Shrinking: fewer exceptions, smaller values, the same finding.
//!
//! Knows choices only: what a finding is, its caller says by a closure. The passes are
//! minithesis's (MacIver): delete chunks from the end, then lower values by binary search.

use crate::choice::{Op, Row, Tape};

/// Makes `tape` simpler as long as `finds` says that it still shows the same thing, with at most
/// `budget` calls. Meant for tapes on a calm base, where a missing row is the calmest value.
pub(crate) fn shrink(mut tape: Tape, budget: u32, mut finds: impl FnMut(&Tape) -> bool) -> Tape {
    let mut calls = 0;
    let mut attempt = |candidate: &Tape| {
        calls += 1;
        calls <= budget && finds(candidate)
    };
    loop {
        let before = tape.clone();
        labels(&mut tape, &mut attempt);
        delete(&mut tape, &mut attempt);
        lower(&mut tape, &mut attempt);
        if tape == before {
            return tape;
        }
    }
}

fn with_rows(tape: &Tape, rows: Vec<Row>) -> Tape {
    Tape::from_rows(tape.seed(), tape.base(), rows)
}

/// Drops all rows of a label at once.
fn labels(tape: &mut Tape, finds: &mut impl FnMut(&Tape) -> bool) {
    let mut labels: Vec<_> = tape.rows().iter().map(|row| row.label).collect();
    labels.dedup();
    for label in labels {
        let rows = tape.rows().iter().filter(|row| row.label != label).copied().collect();
        let candidate = with_rows(tape, rows);
        if candidate.rows().len() < tape.rows().len() && finds(&candidate) {
            *tape = candidate;
        }
    }
}

/// Drops chunks of rows, from the end, first large ones and then single rows.
fn delete(tape: &mut Tape, finds: &mut impl FnMut(&Tape) -> bool) {
    let mut chunk = tape.rows().len().next_power_of_two();
    while chunk > 0 {
        let mut end = tape.rows().len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let mut rows = tape.rows().to_vec();
            rows.drain(start..end.min(rows.len()));
            let candidate = with_rows(tape, rows);
            if finds(&candidate) {
                *tape = candidate;
            }
            end = start.min(tape.rows().len());
        }
        chunk /= 2;
    }
}

/// Lowers the values of sets, each by binary search.
fn lower(tape: &mut Tape, finds: &mut impl FnMut(&Tape) -> bool) {
    for index in 0..tape.rows().len() {
        let Some(&row) = tape.rows().get(index) else { break };
        if row.op != Op::Set {
            continue;
        }
        let (mut low, mut high) = (1, row.value);
        while low < high {
            let value = low + (high - low) / 2;
            let mut candidate = tape.clone();
            candidate.put(Row { value, ..row });
            if finds(&candidate) {
                *tape = candidate;
                high = value;
            } else {
                low = value + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Label;

    fn sum(tape: &Tape) -> u64 {
        tape.rows().iter().map(|row| u64::from(row.value)).sum()
    }

    /// minithesis's golden case: the smallest list whose sum is over 1000 is `[1001]`.
    #[test]
    fn a_sum_over_a_thousand_is_one_number() {
        for start in 0..10 {
            let mut tape = Tape::calm();
            for n in 0..40 {
                let value = crate::choice::mix(start * 100 + u64::from(n)) % 2_000;
                tape.set(Label::new("x").child(&(n % 3).to_string()), n, value);
            }
            let least = shrink(tape, 5_000, |tape| sum(tape) > 1_000);
            assert_eq!((least.rows().len(), sum(&least)), (1, 1_001), "start {start}");
        }
    }

    #[test]
    fn the_budget_is_kept() {
        let mut tape = Tape::calm();
        (0..50).for_each(|n| _ = tape.set(Label::new("x"), n, 9));
        let mut calls = 0;
        shrink(tape, 7, |_| {
            calls += 1;
            true
        });
        assert!(calls <= 7);
    }
}
