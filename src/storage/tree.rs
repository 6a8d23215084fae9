//! Directories: what each holds in the page cache, and what of it is on the disk.
//!
//! Owns paths and the changes of entries that were not synced. Files are numbers here; what they
//! hold is beside.

use super::{FileId, Survivors};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

/// Names a directory, also after it was renamed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DirId(u32);

const ROOT: DirId = DirId(0);

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    File(FileId),
    Dir(DirId),
}

#[derive(Clone, Debug, Default)]
struct Dir {
    /// What programs see.
    current: BTreeMap<String, Node>,
    /// What a crash leaves at least.
    durable: BTreeMap<String, Node>,
}

/// Entries that change together or not at all: a creation, a removal, a rename.
#[derive(Clone, Debug)]
struct Change(Vec<(DirId, String, Option<Node>)>);

/// The directories of a disk; the root is always there.
#[derive(Debug)]
pub(super) struct Tree {
    dirs: Vec<Dir>,
    unsynced: Vec<Change>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { dirs: vec![Dir::default()], unsynced: Vec::new() }
    }
}

/// Where a path ends: in which directory, and under which name; without one it is the directory
/// itself, as in `/` and `a/..`.
pub(super) type Place<'a> = (DirId, Option<&'a str>);

impl Tree {
    pub(super) fn clear(&mut self) {
        self.dirs.truncate(1);
        self.dirs[0] = Dir::default();
        self.unsynced.clear();
    }

    /// Follows all of `path` but its last name.
    pub(super) fn place<'a>(&self, path: &'a str) -> Result<Place<'a>, ErrorKind> {
        let mut names = path.split('/').filter(|name| !name.is_empty() && *name != ".").peekable();
        let mut above = vec![ROOT];
        while let Some(name) = names.next() {
            let dir = *above.last().expect("the root is above all");
            if name == ".." {
                above.truncate((above.len() - 1).max(1));
            } else if names.peek().is_none() {
                return Ok((dir, Some(name)));
            } else {
                match self.dir(dir).current.get(name) {
                    Some(Node::Dir(inner)) => above.push(*inner),
                    Some(Node::File(_)) => return Err(ErrorKind::NotADirectory),
                    None => return Err(ErrorKind::NotFound),
                }
            }
        }
        Ok((*above.last().expect("the root is above all"), None))
    }

    fn at(&self, place: Place<'_>) -> Option<Node> {
        match place {
            (dir, None) => Some(Node::Dir(dir)),
            (dir, Some(name)) => self.dir(dir).current.get(name).copied(),
        }
    }

    /// Where a path ends and what is there, if anything. A slash at the end asks for a directory.
    pub(super) fn look<'a>(&self, path: &'a str) -> Result<(Place<'a>, Option<Node>), ErrorKind> {
        let place = self.place(path)?;
        match self.at(place) {
            Some(Node::File(_)) if path.ends_with('/') => Err(ErrorKind::NotADirectory),
            node => Ok((place, node)),
        }
    }

    pub(super) fn find(&self, path: &str) -> Result<Node, ErrorKind> {
        self.look(path)?.1.ok_or(ErrorKind::NotFound)
    }

    pub(super) fn find_dir(&self, path: &str) -> Result<DirId, ErrorKind> {
        match self.find(path)? {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(ErrorKind::NotADirectory),
        }
    }

    fn dir(&self, dir: DirId) -> &Dir {
        &self.dirs[dir.0 as usize]
    }

    pub(super) fn names(&self, dir: DirId) -> impl Iterator<Item = (&str, Node)> {
        self.dir(dir).current.iter().map(|(name, node)| (name.as_str(), *node))
    }

    fn change(&mut self, entries: Vec<(DirId, String, Option<Node>)>) {
        let change = Change(entries);
        apply(&change, &mut self.dirs, |dir| &mut dir.current);
        self.unsynced.push(change);
    }

    pub(super) fn add_file(&mut self, (dir, name): (DirId, &str), file: FileId) {
        self.change(vec![(dir, name.to_owned(), Some(Node::File(file)))]);
    }

    pub(super) fn create_dir(&mut self, path: &str) -> Result<(), ErrorKind> {
        let place = self.place(path)?;
        let (dir, Some(name)) = place else { return Err(ErrorKind::AlreadyExists) };
        if self.at(place).is_some() {
            return Err(ErrorKind::AlreadyExists);
        }
        let new = DirId(self.dirs.len() as u32);
        self.dirs.push(Dir::default());
        self.change(vec![(dir, name.to_owned(), Some(Node::Dir(new)))]);
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &str) -> Result<(), ErrorKind> {
        let (place, node) = self.look(path)?;
        match (node, place) {
            (Some(Node::File(_)), (dir, Some(name))) => self.change(vec![(dir, name.to_owned(), None)]),
            (Some(_), _) => return Err(ErrorKind::IsADirectory),
            (None, _) => return Err(ErrorKind::NotFound),
        }
        Ok(())
    }

    pub(super) fn remove_dir(&mut self, path: &str) -> Result<(), ErrorKind> {
        let (place, node) = self.look(path)?;
        match (node, place) {
            (Some(Node::Dir(inner)), _) if !self.dir(inner).current.is_empty() => {
                return Err(ErrorKind::DirectoryNotEmpty);
            }
            (Some(Node::Dir(_)), (dir, Some(name))) => self.change(vec![(dir, name.to_owned(), None)]),
            (Some(Node::Dir(_)), (_, None)) => return Err(ErrorKind::ResourceBusy),
            (Some(Node::File(_)), _) => return Err(ErrorKind::NotADirectory),
            (None, _) => return Err(ErrorKind::NotFound),
        }
        Ok(())
    }

    /// Moves a file or a directory, in place of a file or an empty directory.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<(), ErrorKind> {
        let ((from, node), (to, _)) = (self.look(from)?, self.look(to)?);
        let node = node.ok_or(ErrorKind::NotFound)?;
        let ((from, Some(old)), (to, Some(new))) = (from, to) else { return Err(ErrorKind::ResourceBusy) };
        match (node, self.at((to, Some(new)))) {
            (_, Some(there)) if there == node => return Ok(()),
            (Node::Dir(dir), _) if self.is_within(to, dir) => return Err(ErrorKind::InvalidInput),
            (Node::File(_), Some(Node::Dir(_))) => return Err(ErrorKind::IsADirectory),
            (Node::Dir(_), Some(Node::File(_))) => return Err(ErrorKind::NotADirectory),
            (Node::Dir(_), Some(Node::Dir(there))) if !self.dir(there).current.is_empty() => {
                return Err(ErrorKind::DirectoryNotEmpty);
            }
            _ => self.change(vec![(from, old.to_owned(), None), (to, new.to_owned(), Some(node))]),
        }
        Ok(())
    }

    /// Is `inner` the directory `outer`, or below it?
    fn is_within(&self, inner: DirId, outer: DirId) -> bool {
        inner == outer
            || self.names(outer).any(|(_, node)| matches!(node, Node::Dir(below) if self.is_within(inner, below)))
    }

    /// Makes durable what changed in `dir`.
    pub(super) fn sync(&mut self, dir: DirId) {
        let touches = |change: &Change| change.0.iter().any(|(touched, _, _)| *touched == dir);
        let wanted = self.unsynced.iter().map(touches).collect();
        let mut later = self.write(wanted).into_iter();
        self.unsynced.retain(|_| later.next() == Some(false));
    }

    /// Writes to the disk the changes that are wanted, and the earlier ones that these build upon:
    /// those of the same entries. (What a rename moves was there, so no file gets two names.) Says
    /// which were written.
    fn write(&mut self, mut wanted: Vec<bool>) -> Vec<bool> {
        let mut entries = BTreeSet::new();
        for (Change(change), wanted) in self.unsynced.iter().zip(&mut wanted).rev() {
            *wanted |= change.iter().any(|(dir, name, _)| entries.contains(&(*dir, name.as_str())));
            if *wanted {
                entries.extend(change.iter().map(|(dir, name, _)| (*dir, name.as_str())));
            }
        }
        for (change, _) in self.unsynced.iter().zip(&wanted).filter(|(_, wanted)| **wanted) {
            apply(change, &mut self.dirs, |dir| &mut dir.durable);
        }
        wanted
    }

    /// How many changes are not synced.
    pub(super) fn unsynced(&self) -> u64 {
        self.unsynced.len() as u64
    }

    /// Writes to the disk what `survivors` keep of the changes and what these build upon, and
    /// forgets the others; says how many these are.
    pub(super) fn crash(&mut self, survivors: &Survivors) -> u64 {
        let wanted = (0..self.unsynced()).map(|index| survivors.keeps(index)).collect();
        let lost = self.write(wanted).into_iter().filter(|written| !written).count();
        self.unsynced.clear();
        for dir in &mut self.dirs {
            dir.current.clone_from(&dir.durable);
        }
        lost as u64
    }

    /// The files that have a name.
    pub(super) fn files(&self) -> BTreeSet<FileId> {
        let mut files = BTreeSet::new();
        let mut left = vec![ROOT];
        while let Some(dir) = left.pop() {
            for (_, node) in self.names(dir) {
                match node {
                    Node::File(file) => drop(files.insert(file)),
                    Node::Dir(inner) => left.push(inner),
                }
            }
        }
        files
    }

    /// The names that lead from the root to `wanted`; none where nothing does.
    pub(super) fn path_of(&self, wanted: Node) -> String {
        let mut left = vec![(ROOT, String::new())];
        while let Some((dir, above)) = left.pop() {
            for (name, node) in self.names(dir) {
                let path = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
                match node {
                    node if node == wanted => return path,
                    Node::Dir(inner) => left.push((inner, path)),
                    Node::File(_) => {}
                }
            }
        }
        String::new()
    }
}

fn apply(change: &Change, dirs: &mut [Dir], side: impl Fn(&mut Dir) -> &mut BTreeMap<String, Node>) {
    for (dir, name, node) in &change.0 {
        let entries = side(&mut dirs[dir.0 as usize]);
        match node {
            Some(node) => drop(entries.insert(name.clone(), *node)),
            None => drop(entries.remove(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(tree: &Tree, dir: DirId) -> String {
        let names = tree.names(dir).map(|(name, node)| match node {
            Node::File(file) => format!("{name}={}", file.0),
            Node::Dir(inner) => format!("{name}/({})", text(tree, inner)),
        });
        names.collect::<Vec<_>>().join(" ")
    }

    fn create(tree: &mut Tree, path: &str, file: u32) {
        let (dir, name) = tree.place(path).unwrap();
        tree.add_file((dir, name.unwrap()), FileId(file));
    }

    /// `new` was synced under that name, then renamed over `old` in another directory.
    fn moved() -> Tree {
        let mut tree = Tree::default();
        tree.create_dir("a").unwrap();
        tree.create_dir("b").unwrap();
        tree.sync(ROOT);
        create(&mut tree, "a/new", 1);
        create(&mut tree, "b/old", 2);
        tree.sync(tree.find_dir("a").unwrap());
        tree.sync(tree.find_dir("b").unwrap());
        assert_eq!(tree.unsynced(), 0);
        tree.rename("a/new", "b/old").unwrap();
        tree
    }

    #[test]
    fn a_rename_is_there_as_a_whole_or_not_at_all() {
        for (survivors, left) in [(Survivors::ALL, "a/() b/(old=1)"), (Survivors::NONE, "a/(new=1) b/(old=2)")] {
            let mut tree = moved();
            assert_eq!(text(&tree, ROOT), "a/() b/(old=1)");
            tree.crash(&survivors);
            assert_eq!(text(&tree, ROOT), left);
        }
        for synced in ["a", "b"] {
            let mut tree = moved();
            tree.sync(tree.find_dir(synced).unwrap());
            tree.crash(&Survivors::NONE);
            assert_eq!(text(&tree, ROOT), "a/() b/(old=1)", "{synced} was synced");
        }
    }

    #[test]
    fn a_sync_brings_along_what_it_builds_upon_and_nothing_else() {
        let mut tree = moved();
        create(&mut tree, "a/later", 3);
        create(&mut tree, "top", 4);
        tree.rename("b/old", "a/older").unwrap();
        tree.sync(tree.find_dir("b").unwrap());
        assert_eq!(tree.unsynced(), 2, "what else came to the other directory is not synced");
        assert_eq!(tree.crash(&Survivors::NONE), 2);
        assert_eq!(text(&tree, ROOT), "a/(older=1) b/()");
    }

    /// The second of two renames is there only together with the first.
    #[test]
    fn a_file_never_has_two_names() {
        for (survivors, lost, left) in
            [(Survivors::Only(0..1), 1, "a/() b/(old=1)"), (Survivors::Only(1..2), 0, "a/(third=1) b/()")]
        {
            let mut tree = moved();
            tree.rename("b/old", "a/third").unwrap();
            assert_eq!(tree.crash(&survivors), lost);
            assert_eq!(text(&tree, ROOT), left);
        }
    }

    #[test]
    fn what_is_in_a_directory_that_vanished_is_gone() {
        let mut tree = Tree::default();
        tree.create_dir("a").unwrap();
        create(&mut tree, "a/x", 1);
        tree.sync(tree.find_dir("a").unwrap());
        assert_eq!(tree.files().len(), 1);
        tree.crash(&Survivors::NONE);
        assert_eq!((text(&tree, ROOT), tree.files().len()), (String::new(), 0));
    }

    #[test]
    fn a_removed_file_is_back() {
        let mut tree = moved();
        tree.remove_file("b/old").unwrap();
        tree.crash(&Survivors::Only(0..1));
        assert_eq!(text(&tree, ROOT), "a/() b/(old=1)");
    }

    #[test]
    fn paths_are_followed() {
        let mut tree = moved();
        for path in ["b/old", "/b/old", "b//old", "./b/./old", "a/../b/old", "../b/old"] {
            assert_eq!(tree.find(path), Ok(Node::File(FileId(1))), "{path}");
        }
        for (path, kind) in
            [("c", ErrorKind::NotFound), ("c/x", ErrorKind::NotFound), ("b/old/x", ErrorKind::NotADirectory)]
        {
            assert_eq!(tree.find(path), Err(kind), "{path}");
        }
        assert_eq!(tree.find("/"), Ok(Node::Dir(ROOT)));
        tree.create_dir("a/inner").unwrap();
        assert_eq!(tree.find("a/inner/.."), tree.find("a"));
        assert_eq!(tree.remove_dir("a/inner/../.."), Err(ErrorKind::DirectoryNotEmpty));
        assert_eq!(tree.rename("a", "a/inner/a"), Err(ErrorKind::InvalidInput));
        assert_eq!(tree.rename("a/inner", "b/old"), Err(ErrorKind::NotADirectory));
        assert_eq!(tree.rename("b/old", "a"), Err(ErrorKind::IsADirectory));
        assert_eq!(tree.rename("b", "a"), Err(ErrorKind::DirectoryNotEmpty));
        assert_eq!(tree.remove_dir("a"), Err(ErrorKind::DirectoryNotEmpty));
        tree.remove_dir("a/inner").unwrap();
        tree.rename("b", "a").unwrap();
        assert_eq!(text(&tree, ROOT), "a/(old=1)");
    }
}
