//! Files in memory with raft-engine's traits. Every change is noted, in order; nothing here is durable.
//!
//! raft-engine lists its folder and asks whether a file is there past its own traits, so the names, and nothing else, are
//! in a folder of the real machine too. What they are called is the same in every run.

use raft_engine::env::{FileSystem, Handle, WriteExt};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was done to the files.
#[derive(Debug)]
pub(super) enum Change {
    /// A name for a new file; the folder is synced.
    Create {
        file: usize,
        name: String,
    },
    Remove {
        name: String,
    },
    /// The folder is synced.
    Rename {
        from: String,
        to: String,
    },
    Write {
        file: usize,
        offset: u64,
        bytes: Vec<u8>,
    },
    SetLen {
        file: usize,
        length: u64,
    },
    Sync {
        file: usize,
    },
}

/// All files, by handle.
#[derive(Clone)]
pub(super) struct Image {
    files: Arc<Mutex<Files>>,
    folder: Arc<tempfile::TempDir>,
}

#[derive(Default)]
struct Files {
    names: BTreeMap<String, usize>,
    /// What is in each, by number. A file without a name stays until the end.
    contents: Vec<Vec<u8>>,
    changes: Vec<Change>,
}

impl Image {
    /// These files, by name.
    pub(super) fn new(files: BTreeMap<String, Vec<u8>>) -> io::Result<Self> {
        // raft-engine syncs its folder past its own traits: nothing to wait for in memory
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let mut image = Files::default();
        for (name, bytes) in files {
            std::fs::File::create(folder.path().join(&name))?;
            image.names.insert(name, image.contents.len());
            image.contents.push(bytes);
        }
        Ok(Self { files: Arc::new(Mutex::new(image)), folder: Arc::new(folder) })
    }

    /// The folder that has the names.
    pub(super) fn folder(&self) -> String {
        self.folder.path().to_string_lossy().into_owned()
    }

    /// The number of each file that has a name.
    pub(super) fn names(&self) -> BTreeMap<String, usize> {
        self.files().names.clone()
    }

    /// What was changed since the last call.
    pub(super) fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.files().changes)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_file(&self, path: &Path) -> io::Result<Open> {
        let file = self.files().names.get(&name(path)).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Open { image: self.clone(), file, at: 0 })
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl FileSystem for Image {
    type Handle = Open;
    type Reader = Open;
    type Writer = Open;

    fn create<P: AsRef<Path>>(&self, path: P) -> io::Result<Open> {
        let path = path.as_ref();
        std::fs::File::create(path)?;
        let name = name(path);
        let mut files = self.files();
        let file = files.contents.len();
        files.contents.push(Vec::new());
        files.names.insert(name.clone(), file);
        files.changes.push(Change::Create { file, name });
        Ok(Open { image: self.clone(), file, at: 0 })
    }

    #[cfg(not(feature = "fixed"))]
    fn open<P: AsRef<Path>>(&self, path: P) -> io::Result<Open> {
        self.open_file(path.as_ref())
    }

    #[cfg(feature = "fixed")]
    fn open<P: AsRef<Path>>(&self, path: P, _: raft_engine::env::Permission) -> io::Result<Open> {
        self.open_file(path.as_ref())
    }

    fn delete<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        std::fs::remove_file(&path)?;
        let name = name(path.as_ref());
        let mut files = self.files();
        files.names.remove(&name);
        files.changes.push(Change::Remove { name });
        Ok(())
    }

    fn rename<P: AsRef<Path>>(&self, from: P, to: P) -> io::Result<()> {
        std::fs::rename(&from, &to)?;
        let (from, to) = (name(from.as_ref()), name(to.as_ref()));
        let mut files = self.files();
        let file = files.names.remove(&from).ok_or(io::ErrorKind::NotFound)?;
        files.names.insert(to.clone(), file);
        files.changes.push(Change::Rename { from, to });
        Ok(())
    }

    fn new_reader(&self, handle: Arc<Open>) -> io::Result<Open> {
        Ok(Open { image: self.clone(), file: handle.file, at: 0 })
    }

    fn new_writer(&self, handle: Arc<Open>) -> io::Result<Open> {
        self.new_reader(handle)
    }
}

/// An open file, and where in it one is.
pub(super) struct Open {
    image: Image,
    file: usize,
    at: usize,
}

impl Open {
    fn set_len(&self, length: usize) {
        let mut files = self.image.files();
        files.contents[self.file].resize(length, 0);
        files.changes.push(Change::SetLen { file: self.file, length: length as u64 });
    }

    fn length(&self) -> usize {
        self.image.files().contents[self.file].len()
    }
}

impl Handle for Open {
    fn truncate(&self, length: usize) -> io::Result<()> {
        self.set_len(length);
        Ok(())
    }

    fn file_size(&self) -> io::Result<usize> {
        Ok(self.length())
    }

    fn sync(&self) -> io::Result<()> {
        self.image.files().changes.push(Change::Sync { file: self.file });
        Ok(())
    }
}

impl WriteExt for Open {
    fn truncate(&mut self, length: usize) -> io::Result<()> {
        self.set_len(length);
        self.at = length;
        Ok(())
    }

    fn allocate(&mut self, offset: usize, size: usize) -> io::Result<()> {
        if offset + size > self.length() {
            self.set_len(offset + size);
        }
        Ok(())
    }
}

impl Read for Open {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let files = self.image.files();
        let length = files.contents[self.file].get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += length;
        Ok(length)
    }
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut files = self.image.files();
        let end = self.at + bytes.len();
        let content = &mut files.contents[self.file];
        if content.len() < end {
            content.resize(end, 0);
        }
        content[self.at..end].copy_from_slice(bytes);
        files.changes.push(Change::Write { file: self.file, offset: self.at as u64, bytes: bytes.to_vec() });
        self.at = end;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Open {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => at as i64,
            SeekFrom::End(by) => self.length() as i64 + by,
            SeekFrom::Current(by) => self.at as i64 + by,
        };
        self.at = usize::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(at as u64)
    }
}
