//! Errors of processes and workloads, and which of them mean no more than bad weather.
//!
//! The same in a simulation and on the real machine; what else turns into one says so where it is defined.

use std::fmt;
use std::io;

/// What setup, run and check of a workload or process give.
pub type SimulationResult<T> = Result<T, SimulationError>;

/// Why a workload or process could not go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum SimulationError {
    /// Something that must hold didn't: always a finding.
    InvalidState(String),
    /// The network or the disk failed. While faults are on, a workload that returns one has
    /// given up, which is counted and no finding.
    Io(io::Error),
    /// Something took too long; counts as [`SimulationError::Io`] does.
    Timeout(String),
    /// Any other error: always a finding.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl SimulationError {
    /// Any error of the system under test.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// Is it one that bad weather explains: a network, I/O or timeout error?
    ///
    /// An `io::Error` whose kind says that somebody's data or argument was wrong is not.
    pub fn is_weather(&self) -> bool {
        match self {
            Self::Io(error) => !matches!(
                error.kind(),
                io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::Other
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::AlreadyExists
                    | io::ErrorKind::PermissionDenied
            ),
            Self::Timeout(_) => true,
            Self::InvalidState(_) | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for SimulationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidState(reason) => write!(f, "invalid state: {reason}"),
            Self::Io(error) => error.fmt(f),
            Self::Timeout(what) => write!(f, "timed out: {what}"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SimulationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Other(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<io::Error> for SimulationError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_weather_is_told_from_bad_data() {
        let io = |kind: io::ErrorKind| SimulationError::from(io::Error::from(kind));
        assert!(io(io::ErrorKind::ConnectionReset).is_weather());
        assert!(io(io::ErrorKind::UnexpectedEof).is_weather());
        assert!(SimulationError::Timeout("a reply".into()).is_weather());
        assert!(!io(io::ErrorKind::InvalidData).is_weather());
        assert!(!SimulationError::InvalidState("no".into()).is_weather());
        assert!(!SimulationError::other("no").is_weather());
    }
}
