//! Every assertion of the program, whether it was ever evaluated or not.
//!
//! A macro leaves a static [`Site`] where it stands, and the linker gathers them. The catalogue
//! merges the sites of one kind and message into an [`Entry`] and numbers the entries in the
//! order of their names, so an id depends on what the program states and never on link order.
//! What happens at a site is not kept here.

use super::kind::Kind;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The sites of all crates in the program, in the linker's order.
#[linkme::distributed_slice]
pub static SITES: [Site];

/// One place where a macro stands.
#[derive(Debug)]
pub struct Site {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
    pub(super) place: Place,
    #[cfg_attr(not(feature = "sim"), expect(dead_code, reason = "regressions ask, and need the simulator"))]
    pub(super) build: Build,
    /// The id of the site's entry, or [`UNNUMBERED`]. Found once, so that a hit is a load.
    id: AtomicU32,
}

/// The id of a site before the catalogue exists.
const UNNUMBERED: u32 = u32::MAX;

impl Site {
    /// The site at `place` for the assertion `name`.
    pub const fn new(
        kind: Kind,
        name: &'static str,
        labels: &'static [&'static str],
        place: Place,
        build: Build,
    ) -> Site {
        Site { name, kind, labels, place, build, id: AtomicU32::new(UNNUMBERED) }
    }

    /// Returns the id of the site's entry.
    #[inline]
    pub(super) fn id(&self) -> u32 {
        // Relaxed is enough: the number is all there is to see, and it is written once.
        match self.id.load(Ordering::Relaxed) {
            UNNUMBERED => self.numbered(),
            id => id,
        }
    }

    #[cold]
    fn numbered(&self) -> u32 {
        catalogue();
        let id = self.id.load(Ordering::Relaxed);
        // Only a library loaded after the catalogue was made could bring such a site.
        assert_ne!(id, UNNUMBERED, "{:?} was not linked in", self.name);
        id
    }
}

/// How the code around a macro was built: what it checks by itself.
///
/// Profiles may differ from package to package, so each site knows its own.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// `cfg!(debug_assertions)` there.
    pub debug_assertions: bool,
    /// One more than a byte. No `cfg` tells of overflow checks: whoever wants to know tries 255, and
    /// is ready for a panic.
    pub next: fn(u8) -> u8,
}

/// How the code of each assertion was built.
#[cfg(feature = "sim")]
pub(crate) fn builds() -> impl Iterator<Item = Build> {
    SITES.iter().map(|site| site.build)
}

/// Where a macro stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The module, as of `module_path!()`.
    pub module: &'static str,
    /// The file, as of `file!()`.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
}

/// One assertion: all the places that state the same kind and message.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The index of this entry in the catalogue.
    pub id: u32,
    /// The message as written.
    pub name: &'static str,
    /// What it promises.
    pub kind: Kind,
    /// The names of the conditions or keys, for the kinds that have them; of the first place.
    pub labels: &'static [&'static str],
    /// Where it stands, in the order of module, file and line; never empty.
    pub places: Vec<Place>,
}

impl Entry {
    /// Returns the first place where this stands.
    pub fn place(&self) -> Place {
        self.places[0]
    }

    /// Returns true if a [`Reach`](super::Reach) of `level` is this goal's end and not a step
    /// towards it. No level is, for what is not a goal.
    ///
    /// ```
    /// use simfuzz::{assert, assert_sometimes_all};
    ///
    /// assert::begin();
    /// for replica in [false, true] {
    ///     assert_sometimes_all!("both sides down", [("leader", true), ("replica", replica)]);
    /// }
    /// let record = assert::end();
    ///
    /// let goal = assert::catalogue().find("both sides down").unwrap();
    /// assert!(!goal.is_end(record.reached[0].level));
    /// assert!(goal.is_end(record.reached[1].level));
    /// ```
    pub fn is_end(&self, level: u64) -> bool {
        match self.kind {
            Kind::Reachable | Kind::Sometimes | Kind::SometimesEach => true,
            Kind::SometimesAll => level >= self.labels.len() as u64,
            Kind::SometimesCompared(_) => level >= super::level::HOLDS,
            Kind::Always | Kind::AlwaysOrUnreachable | Kind::AlwaysCompared(_) | Kind::Unreachable => false,
        }
    }
}

/// All assertions of the program, by id.
#[derive(Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

impl Catalogue {
    /// Merges `sites` and numbers them.
    fn new(sites: &[Site]) -> Catalogue {
        let mut merged: BTreeMap<(&str, Kind), Vec<&Site>> = BTreeMap::new();
        for site in sites {
            merged.entry((site.name, site.kind)).or_default().push(site);
        }
        let mut entries = Vec::with_capacity(merged.len());
        for (id, mut sites) in (0..).zip(merged.into_values()) {
            sites.sort_by_key(|site| site.place);
            for site in &sites {
                site.id.store(id, Ordering::Relaxed);
            }
            entries.push(Entry {
                id,
                name: sites[0].name,
                kind: sites[0].kind,
                labels: sites[0].labels,
                places: sites.iter().map(|site| site.place).collect(),
            });
        }
        Catalogue { entries }
    }

    /// Returns the number of assertions; ids are below it.
    #[expect(clippy::len_without_is_empty, reason = "nobody branches on an empty catalogue")]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns all assertions, in the order of their ids.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Returns the assertion with the given id, which must have come from this program.
    pub fn entry(&self, id: u32) -> &Entry {
        &self.entries[id as usize]
    }

    /// Returns the assertion called `name`: the first, if several kinds share the message.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        let first = self.entries.partition_point(|entry| entry.name < name);
        self.entries.get(first).filter(|entry| entry.name == name)
    }
}

impl<'a> IntoIterator for &'a Catalogue {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Returns the catalogue of this program, made at the first call.
///
/// ```
/// use simfuzz::assert::{Kind, catalogue};
///
/// fn never_called() {
///     simfuzz::assert_reachable!("cache evicted while full");
/// }
///
/// let goal = catalogue().find("cache evicted while full").unwrap();
/// assert_eq!(goal.kind, Kind::Reachable);
/// assert_eq!(catalogue().entry(goal.id).name, goal.name);
/// ```
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| Catalogue::new(&SITES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(kind: Kind, name: &'static str, line: u32) -> Site {
        let place = Place { module: "bank", file: "bank.rs", line };
        Site::new(kind, name, &[], place, Build { debug_assertions: false, next: |byte| byte })
    }

    #[test]
    fn ids_follow_the_names_and_not_the_linker() {
        let sites = [site(Kind::Sometimes, "b", 1), site(Kind::Always, "c", 2), site(Kind::Reachable, "a", 3)];
        let catalogue = Catalogue::new(&sites);
        let names: Vec<_> = catalogue.iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(sites.each_ref().map(Site::id), [1, 2, 0]);
    }

    #[test]
    fn one_message_at_two_places_is_one_assertion() {
        let sites =
            [site(Kind::Sometimes, "retry", 9), site(Kind::Always, "retry", 5), site(Kind::Sometimes, "retry", 4)];
        let catalogue = Catalogue::new(&sites);
        assert_eq!(catalogue.len(), 2);
        assert_eq!(sites.each_ref().map(Site::id), [1, 0, 1]);
        let lines: Vec<_> = catalogue.entry(1).places.iter().map(|place| place.line).collect();
        assert_eq!(lines, [4, 9]);
        assert_eq!(catalogue.find("retry").unwrap().kind, Kind::Always);
        assert!(catalogue.find("retr").is_none());
    }
}
