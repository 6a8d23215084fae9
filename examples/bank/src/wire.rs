//! Lines over TCP, and sealed lines for disks.
//!
//! Owns where a message ends and whether a line on disk is whole; what the words mean is the
//! caller's business.

use simfuzz::net::TcpStream;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// A connection on which both sides speak in lines.
pub(crate) struct Lines {
    stream: BufReader<TcpStream>,
}

impl Lines {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // most lines have some 30 bytes; a longer one is read in several pieces
        Self { stream: BufReader::with_capacity(256, stream) }
    }

    /// Sends one line.
    pub(crate) async fn send(&mut self, line: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{line}\n").as_bytes()).await
    }

    /// Waits for the next line. The end of the stream is an error.
    pub(crate) async fn next(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        match line.pop() {
            Some('\n') => Ok(line),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// An error for a line that nobody should have sent.
pub(crate) fn garbled(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a line that says nothing: `{line}`"))
}

/// A line for a disk: a torn one is told from a whole one by its checksum.
pub(crate) fn seal(text: &str) -> String {
    format!("{:08x} {text}\n", checksum(text))
}

/// The text of a sealed line, if it is whole.
pub(crate) fn unseal(line: &[u8]) -> Option<&str> {
    let (sum, text) = str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
    (u32::from_str_radix(sum, 16) == Ok(checksum(text))).then_some(text)
}

/// FNV-1a.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_seen() {
        let line = seal("3 1 9 deposit 2 70");
        assert_eq!(unseal(line.as_bytes()), Some("3 1 9 deposit 2 70"));
        for end in 0..line.len() {
            assert_eq!(unseal(&line.as_bytes()[..end]), None, "cut at {end}");
        }
    }
}
