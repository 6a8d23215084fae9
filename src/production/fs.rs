//! Files of this machine, with `tokio::fs`'s names and with its paths: relative to where the server
//! was started. The server's own folder is `ctx.storage()`.

use std::io;
use std::path::Path;

pub use super::file::File;
pub use crate::absent::fs::{
    canonicalize, copy, hard_link, read_link, remove_dir_all, set_permissions, symlink, symlink_metadata,
};
pub use crate::open::Metadata;
pub use ::tokio::fs::{
    DirEntry, ReadDir, create_dir, create_dir_all, read, read_dir, read_to_string, remove_dir, remove_file, rename,
    try_exists, write,
};

crate::open::tokio_options!();

impl OpenOptions {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        File::open_at(path.as_ref().to_owned(), self.0).await
    }
}

impl File {
    /// Opens the file at `path` for reading, as tokio does.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().read(true).open(path).await
    }

    /// Opens the file at `path` for writing, and cuts it to nothing, or creates it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path).await
    }

    /// Creates the file at `path`, which must not be there, for reading and writing.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path).await
    }

    /// Nothing is allowed yet.
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }
}

crate::absent::file_methods!(File);

/// What is at `path`.
///
/// # Errors
///
/// What the operating system says.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    ::tokio::fs::metadata(path).await.map(|found| super::storage::plain(&found))
}
