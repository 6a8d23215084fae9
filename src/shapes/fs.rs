//! Files, with `tokio::fs`'s names, on the disk of the simulated host.
//!
//! The same disk as `ctx.storage()`; a path means the same with and without a `/` at its start.

use super::host;
use crate::sim::SimStorage;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub use crate::absent::fs::{
    canonicalize, copy, hard_link, read_link, remove_dir_all, set_permissions, symlink, symlink_metadata,
};
pub use crate::open::Metadata;
pub use crate::sim::File;

fn disk() -> SimStorage {
    let host = host();
    SimStorage { user: host, disk: host }
}

/// Paths of a simulated disk are text.
fn text(path: &Path) -> io::Result<&str> {
    let unreadable = || io::Error::new(io::ErrorKind::InvalidInput, format!("{path:?} is not UTF-8"));
    path.to_str().ok_or_else(unreadable)
}

crate::open::tokio_options!();
crate::absent::file_methods!(File);

impl OpenOptions {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`SimStorage::open_with`].
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        disk().open_with(text(path.as_ref())?, self.0).await
    }
}

/// What is in the file at `path`.
///
/// # Errors
///
/// As [`File::open`] and a read.
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    File::open(path).await?.read_all().await
}

/// What is in the file at `path`, as text.
///
/// # Errors
///
/// `InvalidData` when it isn't UTF-8; else as [`read`].
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    String::from_utf8(read(path).await?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Puts `contents` into the file at `path`, in place of what is there. Not at once, and not synced.
///
/// # Errors
///
/// As [`File::create`] and a write.
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    File::create(path).await?.write_all_at(0, contents.as_ref()).await
}

/// See [`SimStorage::rename`].
///
/// # Errors
///
/// As there.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    disk().rename(text(from.as_ref())?, text(to.as_ref())?).await
}

macro_rules! with_a_path {
    ($($name:ident -> $output:ty: $method:ident;)*) => {$(
        #[doc = concat!("See [`SimStorage::", stringify!($method), "`].")]
        ///
        /// # Errors
        ///
        /// As there.
        pub async fn $name(path: impl AsRef<Path>) -> io::Result<$output> {
            disk().$method(text(path.as_ref())?).await
        }
    )*};
}

with_a_path! {
    create_dir -> (): create_dir;
    create_dir_all -> (): create_dir_all;
    remove_dir -> (): remove_dir;
    remove_file -> (): remove_file;
    metadata -> Metadata: metadata;
    try_exists -> bool: exists;
}

/// The entries of the directory at `path`, sorted.
///
/// # Errors
///
/// As [`SimStorage::read_dir`].
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let names = disk().read_dir(text(path.as_ref())?).await?;
    Ok(ReadDir { dir: path.as_ref().to_owned(), names: names.into_iter() })
}

/// The entries of a directory. Made by [`read_dir`].
#[derive(Debug)]
pub struct ReadDir {
    dir: PathBuf,
    names: std::vec::IntoIter<String>,
}

impl ReadDir {
    /// The next one, if there is one.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        Ok(self.names.next().map(|name| DirEntry { path: self.dir.join(&name), name }))
    }
}

/// A name in a directory. Made by [`ReadDir`].
#[derive(Debug)]
pub struct DirEntry {
    path: PathBuf,
    name: String,
}

impl DirEntry {
    /// The path of the directory, and the name.
    pub fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// The name alone.
    pub fn file_name(&self) -> OsString {
        self.name.clone().into()
    }

    /// What it names.
    ///
    /// # Errors
    ///
    /// As [`metadata`].
    pub async fn metadata(&self) -> io::Result<Metadata> {
        metadata(&self.path).await
    }
}
