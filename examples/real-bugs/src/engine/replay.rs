//! Carries out on the simulated disk what was done to an [`Image`], and reads a disk into one.
//!
//! In order and one by one, so a crash finds the disk as a program that did this itself would leave it: somewhere in the
//! middle of a call, with a part of what was not synced.

use super::image::{Change, Image};
use simfuzz::prelude::*;
use std::collections::BTreeMap;
use std::io;

/// Where the files are on the simulated disk.
const FOLDER: &str = "/log";

/// A simulated disk, and the open files of an image on it.
pub(super) struct Replay<'a> {
    ctx: &'a SimContext,
    pub(super) image: Image,
    open: BTreeMap<usize, simfuzz::File>,
    #[cfg(feature = "fixed")]
    numbers: super::numbers::Numbers,
}

impl<'a> Replay<'a> {
    /// What is on the disk now.
    pub(super) async fn boot(ctx: &'a SimContext) -> io::Result<Self> {
        let disk = ctx.storage();
        if !disk.exists(FOLDER).await? {
            disk.create_dir(FOLDER).await?;
            disk.sync_dir("/").await?;
        }
        let mut files = BTreeMap::new();
        for name in disk.read_dir(FOLDER).await? {
            files.insert(name.clone(), disk.open(&path(&name)).await?.read_all().await?);
        }
        let image = Image::new(files)?;
        let mut open = BTreeMap::new();
        for (name, file) in image.names() {
            open.insert(file, disk.open(&path(&name)).await?);
        }
        Ok(Self {
            ctx,
            image,
            open,
            #[cfg(feature = "fixed")]
            numbers: Default::default(),
        })
    }

    /// Does what was done to the image since the last call.
    pub(super) async fn catch_up(&mut self) -> io::Result<()> {
        let disk = self.ctx.storage();
        for change in self.image.take_changes() {
            match change {
                Change::Create { file, name } => {
                    self.ctx.note(|| format!("creates {name}"));
                    self.open.insert(file, disk.open(&path(&name)).await?);
                    disk.sync_dir(FOLDER).await?;
                }
                Change::Remove { name } => {
                    self.ctx.note(|| format!("removes {name}"));
                    disk.remove_file(&path(&name)).await?;
                }
                Change::Rename { from, to } => {
                    self.ctx.note(|| format!("renames {from} to {to}"));
                    disk.rename(&path(&from), &path(&to)).await?;
                    disk.sync_dir(FOLDER).await?;
                }
                #[cfg_attr(not(feature = "fixed"), expect(unused_mut, reason = "0.3.0 has no numbers"))]
                Change::Write { file, offset, mut bytes } => {
                    #[cfg(feature = "fixed")]
                    self.numbers.renumber(&mut bytes);
                    self.ctx.note(|| format!("writes {} bytes at {offset} of file {file}", bytes.len()));
                    self.open[&file].write_all_at(offset, &bytes).await?;
                }
                Change::SetLen { file, length } => self.open[&file].set_len(length).await?,
                Change::Sync { file } => {
                    self.ctx.note(|| format!("syncs file {file}"));
                    self.open[&file].sync_data().await?;
                }
            }
        }
        Ok(())
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}
