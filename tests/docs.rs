//! The page on faults is complete: what the code can inject stands there.
#![cfg(feature = "sim")]

use simfuzz::FaultKind;

#[test]
fn every_kind_of_fault_has_its_row() {
    let page = include_str!("../docs/faults.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let missing: Vec<_> = FaultKind::ALL
        .iter()
        .filter(|kind| !rows.iter().any(|row| row.starts_with(&format!("| `{kind:?}` "))))
        .collect();
    assert!(missing.is_empty(), "docs/faults.md has no row for {missing:?}");
    for row in &rows {
        let name = row.trim_start_matches("| `").split('`').next().unwrap_or_default();
        assert!(FaultKind::ALL.iter().any(|kind| format!("{kind:?}") == name), "no kind is called {name}: {row}");
    }
}
