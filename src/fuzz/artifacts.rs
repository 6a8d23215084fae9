//! The tapes of findings in a campaign that goes on: the smallest of each identity.

use super::folder::Folder;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a file of a finding begins with, as libFuzzer has it.
const PREFIX: &str = "crash-";

#[derive(Debug)]
pub(crate) struct Artifacts {
    folder: Folder,
    kept: BTreeMap<String, Kept>,
}

/// The file of an identity.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    length: usize,
    /// Did this campaign write it?
    ours: bool,
}

impl Artifacts {
    pub(crate) fn new(folder: Folder) -> Self {
        Self { folder, kept: BTreeMap::new() }
    }

    /// Writes the tape, and takes a larger one of the same identity away if this wrote it.
    ///
    /// # Errors
    ///
    /// A sentence, if the disk doesn't take it.
    pub(crate) fn keep(&mut self, identity: &str, bytes: &[u8]) -> Result<(), String> {
        let old = self.kept.get(identity);
        if old.is_some_and(|old| old.length <= bytes.len()) {
            return Ok(());
        }
        let (path, new) = self.folder.keep(PREFIX, bytes)?;
        // what was there before is somebody's
        if let Some(old) = old.filter(|old| old.ours && old.path != path) {
            // one tape of an identity is enough; a leftover does no harm
            let _ = fs::remove_file(&old.path);
        }
        self.kept.insert(identity.to_owned(), Kept { path, length: bytes.len(), ours: new });
        Ok(())
    }

    /// The file of an identity.
    pub(crate) fn file(&self, identity: &str) -> Option<&Path> {
        self.kept.get(identity).map(|kept| kept.path.as_path())
    }

    /// All files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.kept.values().map(|kept| kept.path.as_path())
    }

    /// Says in `summary` where the tapes of its findings are.
    pub(crate) fn name_files(&self, summary: &mut crate::campaign::Summary) {
        for found in &mut summary.findings {
            found.smallest.file = self.file(&found.identity).map(|path| path.display().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_tape_of_each_identity_stays_and_what_others_wrote_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut artifacts = Artifacts::new(Folder::open(folder.path()).unwrap());
        let theirs = folder.path().join("crash-theirs");
        fs::write(&theirs, "x").unwrap();
        // an earlier campaign's
        fs::write(folder.path().join(format!("crash-{}", super::super::file_name(b"xxxx"))), "xxxx").unwrap();
        for (identity, bytes) in [("a", "xxxx"), ("b", "yyy"), ("a", "xx"), ("a", "xxx"), ("b", "y")] {
            artifacts.keep(identity, bytes.as_bytes()).unwrap();
        }
        let read = |identity| fs::read_to_string(artifacts.file(identity).unwrap()).unwrap();
        assert_eq!((read("a").as_str(), read("b").as_str()), ("xx", "y"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
        assert!(theirs.exists());
    }
}
