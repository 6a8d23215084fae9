//! Bugs of streams and disks.

use super::found;
use crate::{disk, tcp};
use simfuzz::NetworkFaults;
use simfuzz::prelude::*;
use std::io;

#[test]
fn of_streams() {
    use tcp::{OURS, Subject, simulation_of, storm_of};

    fn both(bug: &str, subject: Subject) {
        found(bug, simulation_of(subject));
        found(&format!("{bug} (storm)"), storm_of(subject));
    }
    both(
        "two bytes change places",
        Subject {
            read: |buffer, result| {
                if let Ok(2..) = result {
                    buffer.swap(0, 1);
                }
                result
            },
            ..OURS
        },
    );
    both(
        "a byte is lost",
        Subject {
            read: |buffer, result| match result {
                Ok(length @ 2..) => {
                    buffer.copy_within(1..length, 0);
                    Ok(length - 1)
                }
                result => result,
            },
            ..OURS
        },
    );
    both(
        "a byte comes twice",
        Subject {
            read: |buffer, result| match result {
                Ok(length @ 1..) if length < buffer.len() => {
                    buffer[length] = buffer[length - 1];
                    Ok(length + 1)
                }
                result => result,
            },
            ..OURS
        },
    );
    both(
        "the end comes before the last bytes",
        Subject { read: |_, result| result.map(|length| if length > 1_000 { 0 } else { length }), ..OURS },
    );
    both(
        "a write takes more than it says",
        Subject { write: |result| result.map(|length| length.div_ceil(2)), ..OURS },
    );
    found(
        "an error comes for no reason",
        simulation_of(Subject {
            read: |_, result| match result {
                Ok(length) if length > 1_000 => Err(io::ErrorKind::TimedOut.into()),
                result => result,
            },
            ..OURS
        }),
    );
    // what the simulator itself can do wrong when it is asked to
    let shaky = |faults: NetworkFaults| faults.partial_reads(0.5, 20).partial_writes(0.5, 20);
    let flips = shaky(NetworkFaults::none()).stream_flips(0.5, 50);
    found("a bit flips on its way", simulation_of(OURS).network_faults(flips.clone()));
    found("a bit flips on its way (storm)", storm_of(OURS).network_faults(flips));
    found("a connection is reset", simulation_of(OURS).network_faults(shaky(NetworkFaults::none()).resets(0.5, 50)));
    found("a connection dies", simulation_of(OURS).network_faults(shaky(NetworkFaults::none()).half_open(0.5, 50)));
}

#[test]
fn of_disks() {
    use disk::{OURS, Subject, simulation_of};

    let bugs: [(&str, Subject); 7] = [
        ("a sync of a file does nothing", Subject { syncs: false, ..OURS }),
        ("a sync of a directory does nothing", Subject { syncs_dirs: false, ..OURS }),
        (
            "zeros at the end of a file are not read",
            Subject {
                read: |mut bytes| {
                    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                    bytes.truncate(end);
                    bytes
                },
                ..OURS
            },
        ),
        (
            "a directory doesn't list its last name",
            Subject {
                list: |mut names| {
                    names.pop();
                    names
                },
                ..OURS
            },
        ),
        (
            "a crash takes a file's name",
            Subject {
                found: |mut found| {
                    found.pop_last();
                    found
                },
                ..OURS
            },
        ),
        (
            "a crash changes a byte",
            Subject {
                found: |mut found| {
                    found.values_mut().filter_map(|bytes| bytes.first_mut()).for_each(|byte| *byte ^= 1);
                    found
                },
                ..OURS
            },
        ),
        (
            "a crash leaves a file with two names",
            Subject {
                found: |mut found| {
                    if let Some(bytes) = found.get("a").cloned() {
                        found.insert("b", bytes);
                    }
                    found
                },
                ..OURS
            },
        ),
    ];
    for (bug, subject) in bugs {
        found(bug, simulation_of(subject));
    }
    // what the simulator itself can do wrong when it is asked to
    let corrupt = DiskFaults::none().corruption(1.0, 50).max_damaged(1);
    found("a bit flips on the disk", simulation_of(OURS).disk_faults(corrupt));
}
