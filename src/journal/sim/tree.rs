//! The content of a simulated disk: what programs see, and what would be left if the power failed now.
//!
//! Pages are shared between the two until one is written, and a page of zeros costs nothing, so copying a whole
//! disk copies pointers only.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
    sync::Arc,
};

use super::random::Random;

/// The number of a file or directory.
pub(super) type Id = usize;

/// The root directory.
pub(super) const ROOT: Id = 0;

/// Every file and directory ever created; unreferenced ones stay.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    page: usize,
}

/// A file or a directory.
#[derive(Debug, Clone)]
enum Node {
    File(FileNode),
    Directory(DirectoryNode),
}

/// Bytes, in pages; a page that is not there is zeros.
#[derive(Debug, Clone, Default)]
struct Content {
    size: u64,
    pages: Vec<Option<Arc<[u8]>>>,
}

#[derive(Debug, Clone, Default)]
struct FileNode {
    now: Content,
    durable: Content,
    /// Pages written since the last sync.
    dirty: BTreeSet<usize>,
    /// Pages a failed sync gave up: shown, never written back by a later sync, on disk or not.
    unknown: BTreeSet<usize>,
    /// The pages of the last write: the only ones that may be torn.
    last: Range<usize>,
}

#[derive(Debug, Clone, Default)]
struct DirectoryNode {
    now: BTreeMap<String, Id>,
    durable: BTreeMap<String, Id>,
    pending: Vec<Change>,
}

/// A change of a directory that is not synced: names that go, a name that comes.
#[derive(Debug, Clone)]
struct Change {
    gone: Option<String>,
    come: Option<(String, Id)>,
}

impl Tree {
    pub(super) fn new(page: usize) -> Self {
        Self { nodes: vec![Node::Directory(DirectoryNode::default())], page }
    }

    /// Returns the directory a path is in, and its name there.
    fn split(path: &str) -> (&str, &str) {
        path.rsplit_once('/').unwrap_or(("", path))
    }

    /// Finds a file or directory.
    pub(super) fn find(&self, path: &str) -> io::Result<Id> {
        let mut id = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Node::Directory(directory) = &self.nodes[id] else {
                return Err(io::ErrorKind::NotADirectory.into());
            };
            id = *directory.now.get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(id)
    }

    fn directory(&mut self, path: &str) -> io::Result<&mut DirectoryNode> {
        let id = self.find(path)?;
        match &mut self.nodes[id] {
            Node::Directory(directory) => Ok(directory),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn file(&mut self, id: Id) -> io::Result<&mut FileNode> {
        match &mut self.nodes[id] {
            Node::File(file) => Ok(file),
            Node::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// Creates a file or a directory.
    pub(super) fn make(&mut self, path: &str, is_directory: bool) -> io::Result<Id> {
        let id = self.nodes.len();
        let (parent, name) = Self::split(path);
        let parent = self.directory(parent)?;
        if parent.now.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        parent.now.insert(name.to_owned(), id);
        parent.pending.push(Change { gone: None, come: Some((name.to_owned(), id)) });
        self.nodes.push(if is_directory {
            Node::Directory(DirectoryNode::default())
        } else {
            Node::File(FileNode::default())
        });
        Ok(id)
    }

    /// Returns the names in a directory.
    pub(super) fn names(&mut self, path: &str) -> io::Result<Vec<String>> {
        Ok(self.directory(path)?.now.keys().cloned().collect())
    }

    /// Renames within one directory; a file in the way is replaced.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let (parent, gone) = Self::split(from);
        let (target, come) = Self::split(to);
        if parent != target {
            return Err(io::Error::other("the simulated disk renames within a directory only"));
        }
        if let Ok(id) = self.find(to)
            && matches!(&self.nodes[id], Node::Directory(directory) if !directory.now.is_empty())
        {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        let directory = self.directory(parent)?;
        let id = directory.now.remove(gone).ok_or(io::ErrorKind::NotFound)?;
        directory.now.insert(come.to_owned(), id);
        directory.pending.push(Change { gone: Some(gone.to_owned()), come: Some((come.to_owned(), id)) });
        Ok(())
    }

    /// Removes a file, or an empty directory.
    pub(super) fn remove(&mut self, path: &str, is_directory: bool) -> io::Result<()> {
        let id = self.find(path)?;
        match &self.nodes[id] {
            Node::Directory(_) if !is_directory => return Err(io::ErrorKind::IsADirectory.into()),
            Node::Directory(directory) if !directory.now.is_empty() => {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            Node::File(_) if is_directory => return Err(io::ErrorKind::NotADirectory.into()),
            _ => {}
        }
        let (parent, name) = Self::split(path);
        let parent = self.directory(parent)?;
        parent.now.remove(name);
        parent.pending.push(Change { gone: Some(name.to_owned()), come: None });
        Ok(())
    }

    /// Makes a directory's entries durable.
    pub(super) fn sync_directory(&mut self, path: &str) -> io::Result<()> {
        let directory = self.directory(path)?;
        directory.durable.clone_from(&directory.now);
        directory.pending.clear();
        Ok(())
    }

    /// Returns the size of a file.
    pub(super) fn size(&mut self, id: Id) -> io::Result<u64> {
        Ok(self.file(id)?.now.size)
    }

    /// Returns the size of everything that has a name.
    pub(super) fn used(&self) -> u64 {
        self.used_below(ROOT)
    }

    fn used_below(&self, id: Id) -> u64 {
        match &self.nodes[id] {
            Node::File(file) => file.now.size,
            Node::Directory(directory) => directory.now.values().map(|&id| self.used_below(id)).sum(),
        }
    }

    /// Reads from a file.
    pub(super) fn read(&mut self, id: Id, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let page = self.page;
        let content = &self.file(id)?.now;
        let length = content.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let mut done = 0;
        while done < length {
            let at = offset as usize + done;
            let within = at % page;
            let part = (page - within).min(length - done);
            match content.pages.get(at / page).and_then(Option::as_ref) {
                Some(bytes) => buffer[done..done + part].copy_from_slice(&bytes[within..within + part]),
                None => buffer[done..done + part].fill(0),
            }
            done += part;
        }
        Ok(length)
    }

    /// Writes to a file.
    pub(super) fn write(&mut self, id: Id, bytes: &[u8], offset: u64) -> io::Result<()> {
        let page = self.page;
        let file = self.file(id)?;
        let pages = offset as usize / page..(offset as usize + bytes.len()).div_ceil(page);
        file.now.write(page, bytes, offset);
        for number in pages.clone() {
            file.dirty.insert(number);
            file.unknown.remove(&number);
        }
        file.last = pages;
        Ok(())
    }

    /// Makes the content of a file durable.
    pub(super) fn sync(&mut self, id: Id) -> io::Result<()> {
        let file = self.file(id)?;
        for number in std::mem::take(&mut file.dirty) {
            file.durable.put(number, file.now.pages.get(number).cloned().flatten());
        }
        file.durable.size = file.now.size;
        Ok(())
    }

    /// Fails to make the content of a file durable: its pages count as written back from now on, and are not.
    pub(super) fn fail_sync(&mut self, id: Id) -> io::Result<()> {
        let file = self.file(id)?;
        let dirty = std::mem::take(&mut file.dirty);
        file.unknown.extend(dirty);
        Ok(())
    }

    /// Flips a bit of a file, on disk and in what programs see.
    pub(super) fn flip(&mut self, id: Id, byte: u64, bit: u8) -> io::Result<()> {
        let page = self.page;
        let mut value = [0];
        if self.read(id, &mut value, byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let file = self.file(id)?;
        for content in [&mut file.now, &mut file.durable] {
            content.write(page, &[value[0] ^ 1 << (bit % 8)], byte);
        }
        Ok(())
    }

    /// Cuts the power: what was not synced is kept, lost or torn as `random` has it.
    pub(super) fn crash(&mut self, random: &mut Random) {
        let page = self.page;
        for node in &mut self.nodes {
            match node {
                Node::File(file) => file.crash(page, random),
                Node::Directory(directory) => directory.crash(random),
            }
        }
    }
}

impl Content {
    fn put(&mut self, number: usize, page: Option<Arc<[u8]>>) {
        if number >= self.pages.len() {
            self.pages.resize(number + 1, None);
        }
        self.pages[number] = page;
    }

    fn write(&mut self, page: usize, bytes: &[u8], offset: u64) {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset as usize + done;
            let (number, within) = (at / page, at % page);
            let part = (page - within).min(bytes.len() - done);
            let source = &bytes[done..done + part];
            if number >= self.pages.len() {
                self.pages.resize(number + 1, None);
            }
            let slot = &mut self.pages[number];
            if source.iter().any(|&byte| byte != 0) || (slot.is_some() && part < page) {
                let target = slot.get_or_insert_with(|| vec![0; page].into());
                Arc::make_mut(target)[within..within + part].copy_from_slice(source);
            } else {
                *slot = None;
            }
            done += part;
        }
        self.size = self.size.max(offset + bytes.len() as u64);
    }
}

impl FileNode {
    fn crash(&mut self, page: usize, random: &mut Random) {
        let open: BTreeSet<usize> = self.dirty.union(&self.unknown).copied().collect();
        if !open.is_empty() {
            let keep_in_4 = random.below(5);
            let mut size = self.durable.size;
            for number in open {
                let new = self.now.pages.get(number).cloned().flatten();
                let is_last = self.last.contains(&number);
                if is_last && random.below(8) == 0 {
                    let mut torn = self.durable.pages.get(number).cloned().flatten();
                    let cut = random.below(page as u64) as usize;
                    let bytes = Arc::make_mut(torn.get_or_insert_with(|| vec![0; page].into()));
                    match new {
                        Some(new) => bytes[..cut].copy_from_slice(&new[..cut]),
                        None => bytes[..cut].fill(0),
                    }
                    self.durable.put(number, torn);
                } else if random.below(4) < keep_in_4 {
                    self.durable.put(number, new);
                } else {
                    continue;
                }
                size = size.max(((number + 1) * page) as u64);
            }
            self.durable.size = size.min(self.now.size).max(self.durable.size);
            if random.below(2) == 0 {
                self.durable.size = self.durable.size.max(self.now.size);
            }
        }
        *self =
            Self { now: self.durable.clone(), durable: std::mem::take(&mut self.durable), ..Self::default() };
    }
}

impl DirectoryNode {
    fn crash(&mut self, random: &mut Random) {
        for change in std::mem::take(&mut self.pending) {
            if random.below(2) == 0 {
                continue;
            }
            if let Some(name) = change.gone {
                self.durable.remove(&name);
            }
            if let Some((name, id)) = change.come {
                self.durable.insert(name, id);
            }
        }
        self.now.clone_from(&self.durable);
    }
}
