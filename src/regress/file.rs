//! Tapes in files: either form comes in, and nothing torn goes out.

use crate::choice::{Tape, TapeError, TextTape};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A tape that was read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The tape; names and notes only where the file was text.
    pub text: TextTape,
    /// Was the file text?
    pub is_text: bool,
}

impl Saved {
    /// Reads either form: text begins with the word `tape`.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the file, strictly.
    pub fn read(bytes: &[u8]) -> Result<Self, TapeError> {
        if bytes.starts_with(b"tape ") || bytes.starts_with(b";") {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| TapeError::Line { line: 1, reason: "the text is not UTF-8".to_owned() })?;
            return Ok(Self { text: TextTape::parse(text)?, is_text: true });
        }
        let tape = Tape::read(bytes)?;
        Ok(Self { text: TextTape { tape, ..TextTape::default() }, is_text: false })
    }
}

/// Files that this process has written.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Writes a file whole or not at all: beside its place first, then moved there. A full disk or a
/// kill leaves what was there before.
///
/// # Errors
///
/// As the file system's.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // two campaigns may write the same tape at the same time
    let number = WRITTEN.fetch_add(1, Relaxed);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}-{number}.part", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        // the error that counts is the first one
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let mut tape = Tape::calm();
        tape.set(crate::choice::Label::parse("a/b"), 1, 2);
        assert_eq!(Saved::read(&tape.encode()).unwrap().text.tape, tape);
        let text = TextTape { tape: tape.clone(), ..TextTape::default() }.print(None);
        assert_eq!(Saved::read(text.as_bytes()).unwrap().text.tape, tape);
        assert!(Saved::read(b"").is_err() && Saved::read(b"\xff").is_err() && Saved::read(b"tape \xff").is_err());
    }

    #[test]
    fn a_write_that_fails_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tape");
        write_whole(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        // its place is taken by a folder, so that the last step fails
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("by")).unwrap();
        assert!(write_whole(&taken, b"two").is_err() && taken.join("by").exists());
        assert!(write_whole(&folder.path().join("no/a.tape"), b"two").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
    }
}
