//! `cargo simfuzz doctor`: what of the toolchain is there, and what to do about what is not.
//!
//! Owns the list and its form; what is needed and how to get it, `toolchain` knows.

use crate::cli::DoctorArgs;
use crate::project::{Project, listed, shown};
use crate::stop::{BAD, CLEAN, Stop};
use crate::toolchain::{self, Tool};

/// `cargo simfuzz doctor`. Exit code 2 when something is missing that a fuzz build needs.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<u8, Stop> {
    let mut missing = 0;
    for (what, tool) in toolchain::examine() {
        missing += u8::from(matches!(tool, Tool::Missing(_)));
        match tool {
            Tool::There(found) => println!("ok       {what}: {found}"),
            Tool::Missing(way_out) => println!("MISSING  {what}: {way_out}"),
            Tool::Optional(way_out) => println!("-        {what}: {way_out}"),
        }
    }
    match Project::find(args.fuzz_dir.as_deref()) {
        Ok(project) => {
            let targets: Vec<_> = project.targets().map(|target| target.name.to_owned()).collect();
            println!("ok       fuzz project: {}, with {}", shown(&project.manifest()), listed(&targets));
        }
        Err(stop) if args.fuzz_dir.is_some() => return Err(stop),
        Err(_) => println!("-        fuzz project: none here; `cargo simfuzz init` makes one"),
    }
    if missing == 0 {
        println!("\nAll that `cargo simfuzz run` needs is there.");
        return Ok(CLEAN);
    }
    println!("\n{missing} missing: `cargo simfuzz run` can't build. `cargo simfuzz explore` needs Rust alone.");
    Ok(BAD)
}
