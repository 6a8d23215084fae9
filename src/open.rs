//! How a file is opened, and what is known of one without reading it.
//!
//! The same in a simulation and on the real machine. Opens nothing itself.

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
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) truncate: bool,
    pub(crate) create: bool,
    pub(crate) create_new: bool,
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
}

/// What is known of a file or a directory without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub(crate) len: u64,
    pub(crate) is_dir: bool,
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

/// Options in tokio's shape, which are set in place, and the functions of `File` that open with some of them.
/// `OpenOptions::open` is the caller's.
macro_rules! tokio_options {
    () => {
        /// How a file is opened, in the shape of `tokio::fs::OpenOptions`.
        #[derive(Clone, Debug, Default)]
        pub struct OpenOptions(crate::open::OpenOptions);

        crate::open::tokio_options!(
            /// The file can be read.
            read
            /// The file can be written.
            write
            /// The file can be written, at its end only.
            append
            /// Cuts the file to nothing.
            truncate
            /// Creates the file if there is none.
            create
            /// Creates the file, which must not be there.
            create_new
        );

        impl File {
            /// Opens the file at `path` for reading, as tokio does.
            ///
            /// # Errors
            ///
            /// As [`OpenOptions::open`].
            pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
                OpenOptions::new().read(true).open(path).await
            }

            /// Opens the file at `path` for writing, and cuts it to nothing, or creates it.
            ///
            /// # Errors
            ///
            /// As [`OpenOptions::open`].
            pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
                OpenOptions::new().write(true).create(true).truncate(true).open(path).await
            }

            /// Creates the file at `path`, which must not be there, for reading and writing.
            ///
            /// # Errors
            ///
            /// As [`OpenOptions::open`].
            pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
                OpenOptions::new().read(true).write(true).create_new(true).open(path).await
            }

            /// Nothing is allowed yet.
            pub fn options() -> OpenOptions {
                OpenOptions::new()
            }
        }
    };
    ($(#[doc = $doc:literal] $option:ident)*) => {
        impl OpenOptions {
            /// Nothing is allowed yet.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = $doc]
                pub fn $option(&mut self, $option: bool) -> &mut Self {
                    self.0 = self.0.$option($option);
                    self
                }
            )*
        }
    };
}

pub(crate) use tokio_options;
