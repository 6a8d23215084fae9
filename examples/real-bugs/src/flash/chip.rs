//! The flash: erasing a page sets its bits, writing clears some, and each byte of either may be the
//! last for which there is power.
//!
//! Flash has no cache. So nothing that was written is lost when the power goes, and nothing that
//! was not yet written comes; only the operation that is under way stops half way.

use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Bytes that are erased at once.
pub(super) const PAGE: usize = 256;
const PAGES: usize = 3;

/// The whole of it.
pub(super) const SIZE: u32 = (PAGE * PAGES) as u32;

/// A chip that writes words of so many bytes.
pub(super) struct Chip<const WORD: usize> {
    bytes: Vec<u8>,
    /// How many bytes it can still write or erase, if the power goes soon.
    power: Option<usize>,
    /// Pages that it began to erase.
    erases: u32,
}

/// The power is gone.
#[derive(Debug)]
pub(super) struct PowerIsGone;

impl<const WORD: usize> Chip<WORD> {
    /// As it comes from the factory: erased.
    pub(super) fn new() -> Self {
        Self { bytes: vec![u8::MAX; SIZE as usize], power: None, erases: 0 }
    }

    /// The power goes after so many more bytes, or doesn't.
    pub(super) fn power(&mut self, bytes: Option<usize>) {
        self.power = bytes;
    }

    pub(super) fn has_power(&self) -> bool {
        self.power != Some(0)
    }

    pub(super) fn erases(&self) -> u32 {
        self.erases
    }

    fn spend(&mut self) -> Result<(), PowerIsGone> {
        match &mut self.power {
            None => Ok(()),
            Some(0) => Err(PowerIsGone),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl NorFlashError for PowerIsGone {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl<const WORD: usize> ErrorType for Chip<WORD> {
    type Error = PowerIsGone;
}

impl<const WORD: usize> ReadNorFlash for Chip<WORD> {
    const READ_SIZE: usize = WORD;

    async fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), PowerIsGone> {
        if !self.has_power() {
            return Err(PowerIsGone);
        }
        into.copy_from_slice(&self.bytes[offset as usize..][..into.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const WORD: usize> NorFlash for Chip<WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerIsGone> {
        self.erases += 1;
        for at in from..to {
            self.spend()?;
            self.bytes[at as usize] = u8::MAX;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerIsGone> {
        for (at, byte) in (offset as usize..).zip(bytes) {
            self.spend()?;
            self.bytes[at] &= byte;
        }
        Ok(())
    }
}

impl<const WORD: usize> MultiwriteNorFlash for Chip<WORD> {}
