//! Labels: where a choice lives. A label is a path, `actor/site` or `actor/scope/site`, hashed.
//!
//! Owns the hashing, the names kept for printing, and the split of a call site into its parts.
//! It doesn't know which labels a run uses: see `Choices`.

use super::prf::{hash_bytes, mix};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

/// The hash of a label's path: the same in every process, build and checkout.
///
/// Tapes carry the low 32 bits ([`Label::id`]); the choices of a run use all 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(u64);

impl Label {
    /// The label of a path's first part, for instance an actor or `fault`.
    pub fn new(part: &str) -> Self {
        Self(0).child(part)
    }

    /// The label one part deeper.
    #[inline]
    pub fn child(self, part: &str) -> Self {
        Self(mix(self.0 ^ hash_bytes(0x6c61_6265_6c00, part.as_bytes())))
    }

    /// The label of a draw that the user did not name: its call site and method.
    ///
    /// The size of the draw is no part of it: with the size in the label, a changed range
    /// orphans every saved tape.
    #[inline]
    pub fn site(self, place: &Location<'_>, method: &str) -> Self {
        self.site_parts(short_file(place.file()), place.line(), place.column(), method)
    }

    #[inline]
    fn site_parts(self, file: &str, line: u32, column: u32, method: &str) -> Self {
        let place = hash_bytes(u64::from(line) << 32 | u64::from(column), file.as_bytes());
        Self(mix(self.0 ^ hash_bytes(place, method.as_bytes())))
    }

    /// The label that `name` spells, as printed by [`Names`]: parts joined by `/`, and for an
    /// unnamed draw `@file:line:column:method` at the end. Below an unnamed value its fields follow:
    /// `@file:line:column:arbitrary/key`.
    pub fn parse(name: &str) -> Self {
        let (path, site) = match Site::split(name) {
            Some((path, site)) => (path, Some(site)),
            None => (name, None),
        };
        let label = path.split('/').filter(|part| !part.is_empty()).fold(Self(0), Self::child);
        match site {
            Some(site) => {
                let mut parts = site.method.split('/');
                let method = parts.next().unwrap_or_default();
                parts.fold(label.site_parts(site.file, site.line, site.column, method), Self::child)
            }
            None => label,
        }
    }

    /// The 32 bits that stand in a tape.
    pub fn id(self) -> u32 {
        self.0 as u32
    }

    /// Tells the words of one generator from those of another with the same index.
    pub(crate) fn word_salt(self) -> u64 {
        self.0.rotate_left(17)
    }

    pub(crate) fn hash(self) -> u64 {
        self.0
    }
}

/// The last two parts of a source path.
///
/// The compiler gives paths relative to the workspace for its members and absolute ones for
/// other packages; the same file must have the same label in the fuzz build, the plain build
/// and another checkout.
#[inline]
pub(crate) fn short_file(file: &str) -> &str {
    let mut slashes = file.bytes().enumerate().rev().filter(|(_, byte)| matches!(byte, b'/' | b'\\'));
    match slashes.nth(1) {
        Some((index, _)) => &file[index + 1..],
        None => file,
    }
}

/// A call site as it stands at the end of a label's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) method: &'a str,
}

impl<'a> Site<'a> {
    pub(crate) fn at(place: &'a Location<'_>, method: &'a str) -> Self {
        Self { file: short_file(place.file()), line: place.line(), column: place.column(), method }
    }

    /// Splits `client-0/@src/lib.rs:41:9:range` into `client-0` and the site.
    pub(crate) fn split(name: &'a str) -> Option<(&'a str, Self)> {
        let (path, site) = match name.strip_prefix('@') {
            Some(site) => ("", site),
            None => name.split_once("/@")?,
        };
        let mut parts = site.rsplitn(4, ':');
        let method = parts.next()?;
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        let file = parts.next()?;
        Some((path, Self { file, line, column, method }))
    }
}

impl fmt::Display for Site<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}:{}:{}:{}", self.file, self.line, self.column, self.method)
    }
}

/// What labels are called, for printing. Kept from run to run: a program has few labels.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: BTreeMap<u64, Box<str>>,
}

impl Names {
    pub(crate) fn learn(&mut self, label: Label, name: impl FnOnce() -> String) {
        self.names.entry(label.hash()).or_insert_with(|| {
            let name = name().into_boxed_str();
            crate::underway::learn(label.hash(), &name);
            name
        });
    }

    /// The name of `label`, if a run on this thread has used it.
    pub fn get(&self, label: Label) -> Option<&str> {
        self.names.get(&label.hash()).map(|name| &**name)
    }
}

/// The name of an unnamed draw's label, as [`Label::parse`] reads it.
pub(crate) fn site_name(actor: &str, place: &Location<'_>, method: &str) -> String {
    format!("{actor}/{}", Site::at(place, method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_label_reads_back() {
        let label = Label::new("client-0").child("op").child("amount");
        assert_eq!(Label::parse("client-0/op/amount"), label);

        let place = Location::caller();
        let site = Label::new("client-0").site(place, "range");
        assert_eq!(Label::parse(&site_name("client-0", place, "range")), site);
        assert_eq!(
            Label::parse(&format!("{}/key/0", site_name("client-0", place, "range"))),
            site.child("key").child("0")
        );
    }

    #[test]
    fn a_checkout_elsewhere_has_the_same_labels() {
        assert_eq!(short_file("/home/me/bank/src/lib.rs"), "src/lib.rs");
        assert_eq!(short_file("bank/src/lib.rs"), "src/lib.rs");
        assert_eq!(short_file("src/lib.rs"), "src/lib.rs");
        assert_eq!(short_file("lib.rs"), "lib.rs");
    }
}
