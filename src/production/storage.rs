//! `ctx.storage()`: files in the server's folder.

use super::file::File;
use super::machine::Machine;
use crate::open::{Metadata, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The folder of the server, as [`Server::data_dir`](super::Server::data_dir) named it.
///
/// Paths are as in the simulation: `/` between names, with or without one at the start, and none
/// leads out of the folder.
#[derive(Clone, Copy, Debug)]
pub struct SimStorage {
    pub(super) machine: &'static Machine,
}

impl SimStorage {
    /// Where `path` is on this machine.
    fn at(&self, path: &str) -> io::Result<PathBuf> {
        let mut depth = 0_usize;
        let path = path.trim_start_matches('/');
        for component in Path::new(path).components() {
            match component {
                Component::Normal(_) => depth += 1,
                Component::ParentDir if depth > 0 => depth -= 1,
                Component::ParentDir => {
                    let reason = format!("`{path}` leads out of the server's folder");
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
                }
                _ => {}
            }
        }
        let folder = &self.machine.folder;
        Ok(if path.is_empty() { folder.clone() } else { folder.join(path) })
    }

    /// Opens the file at `path` for reading and writing, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn open(&self, path: &str) -> io::Result<File> {
        self.open_with(path, OpenOptions::new().read(true).write(true).create(true)).await
    }

    /// Opens the file at `path` for writing, and cuts it to nothing, or creates it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn create(&self, path: &str) -> io::Result<File> {
        self.open_with(path, OpenOptions::new().write(true).create(true).truncate(true)).await
    }

    /// Opens the file at `path` as `options` say; a directory too, for reading only.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn open_with(&self, path: &str, options: OpenOptions) -> io::Result<File> {
        File::open_at(self.at(path)?, options).await
    }

    /// Is there a file or a directory at `path`?
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn exists(&self, path: &str) -> io::Result<bool> {
        tokio::fs::try_exists(self.at(path)?).await
    }

    /// What is at `path`.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn metadata(&self, path: &str) -> io::Result<Metadata> {
        tokio::fs::metadata(self.at(path)?).await.map(|found| plain(&found))
    }

    /// The names in the directory at `path`, sorted.
    ///
    /// # Errors
    ///
    /// What the operating system says; `InvalidData` when a name is not UTF-8.
    pub async fn read_dir(&self, path: &str) -> io::Result<Vec<String>> {
        let mut entries = tokio::fs::read_dir(self.at(path)?).await?;
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let unreadable = |name| io::Error::new(io::ErrorKind::InvalidData, format!("{name:?} is not UTF-8"));
            names.push(entry.file_name().into_string().map_err(unreadable)?);
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Creates a directory.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn create_dir(&self, path: &str) -> io::Result<()> {
        tokio::fs::create_dir(self.at(path)?).await
    }

    /// Creates a directory and those above it, as far as there are none.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn create_dir_all(&self, path: &str) -> io::Result<()> {
        tokio::fs::create_dir_all(self.at(path)?).await
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn remove_dir(&self, path: &str) -> io::Result<()> {
        tokio::fs::remove_dir(self.at(path)?).await
    }

    /// Removes the file at `path`; who has it open keeps it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn remove_file(&self, path: &str) -> io::Result<()> {
        tokio::fs::remove_file(self.at(path)?).await
    }

    /// Moves the file or directory at `from` to `to`, in place of what was there.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        tokio::fs::rename(self.at(from)?, self.at(to)?).await
    }

    /// Makes the entries of the directory at `path` durable: what was created, removed or renamed there.
    ///
    /// # Errors
    ///
    /// What the operating system says; `NotADirectory` when it is a file.
    pub async fn sync_dir(&self, path: &str) -> io::Result<()> {
        let dir = tokio::fs::File::open(self.at(path)?).await?;
        if !dir.metadata().await?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        dir.sync_all().await
    }
}

/// What both worlds know of a file.
pub(super) fn plain(found: &std::fs::Metadata) -> Metadata {
    Metadata { len: if found.is_dir() { 0 } else { found.len() }, is_dir: found.is_dir() }
}
