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
crate::absent::file_methods!(File);

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

/// What is at `path`.
///
/// # Errors
///
/// What the operating system says.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    ::tokio::fs::metadata(path).await.map(|found| super::storage::plain(&found))
}
