//! How a file is opened, and what is known of one without reading it.

use std::io;

/// How a file is opened; as `std::fs::OpenOptions`, with the same rules.
///
/// ```
/// use simfuzz::OpenOptions;
///
/// let log = OpenOptions::new().read(true).append(true).create(true);
/// # let _ = log;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) append: bool,
    pub(super) truncate: bool,
    pub(super) create: bool,
    pub(super) create_new: bool,
}

impl OpenOptions {
    /// Nothing is allowed yet: say at least whether to read, write or append.
    pub fn new() -> Self {
        Self::default()
    }

    /// The file can be read.
    #[must_use]
    pub fn read(mut self, read: bool) -> Self {
        self.read = read;
        self
    }

    /// The file can be written.
    #[must_use]
    pub fn write(mut self, write: bool) -> Self {
        self.write = write;
        self
    }

    /// The file can be written, at its end only, wherever a write says it goes.
    #[must_use]
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    /// Cuts the file to nothing.
    #[must_use]
    pub fn truncate(mut self, truncate: bool) -> Self {
        self.truncate = truncate;
        self
    }

    /// Creates the file if there is none.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Creates the file, which must not be there; then `create` and `truncate` don't matter.
    #[must_use]
    pub fn create_new(mut self, create_new: bool) -> Self {
        self.create_new = create_new;
        self
    }

    pub(super) fn writes(self) -> bool {
        self.write || self.append
    }

    /// Refuses what `std` refuses.
    pub(super) fn check(self) -> io::Result<()> {
        let creates = self.create || self.create_new || self.truncate;
        let refused = match (self.write, self.append) {
            (false, false) => !self.read || creates,
            (_, true) => self.truncate && !self.create_new,
            (true, false) => false,
        };
        let reason = "these open options don't go together";
        if refused { Err(io::Error::new(io::ErrorKind::InvalidInput, reason)) } else { Ok(()) }
    }
}

/// What is known of a file or a directory without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub(super) len: u64,
    pub(super) is_dir: bool,
}

#[expect(clippy::len_without_is_empty, reason = "as `std::fs::Metadata`")]
impl Metadata {
    /// The length of a file in bytes; 0 for a directory.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Is it a directory?
    pub fn is_dir(&self) -> bool {
        self.is_dir
    }

    /// Is it a file?
    pub fn is_file(&self) -> bool {
        !self.is_dir
    }
}
