//! The media device node: reading the topology, setting up links.

use idl::media;
use idl::types::{
    Entity, EntityId, Handle, Link, LinkFlags, NodeError, PadRef, PollEvents, TaskIndex,
};
use idol_runtime::ipc;

use crate::Failure;

/// How often a reading that a change interrupted is begun again.
const READS_MAX: usize = 8;

/// An open media node.
#[derive(Debug)]
pub struct Media {
    node: media::Client,
    handle: Handle,
}

impl Media {
    /// Opens the present life of the media node.
    ///
    /// # Errors
    /// `NoDevice` while its hardware is away; a disconnect.
    pub fn open(node: TaskIndex) -> Result<Self, Failure> {
        let node = media::Client::to(node);
        Ok(Self { node, handle: node.open()? })
    }

    /// Opens the present life of the media node and takes note of the topology, for
    /// [`Media::wait_for_change`].
    ///
    /// # Errors
    /// As [`Media::open`].
    pub fn noted(node: TaskIndex) -> Result<Self, Failure> {
        let media = Self::open(node)?;
        match media.version() {
            Ok(_) => Ok(media),
            Err(failure) => media.close().and(Err(failure)),
        }
    }

    /// Calls `see` for each entity of one snapshot.
    ///
    /// # Errors
    /// `Stale` if the topology changed meanwhile: read again from the start; a disconnect.
    pub fn entities(&self, mut see: impl FnMut(&Entity)) -> Result<(), Failure> {
        let version = self.version()?;
        for index in 0..=u8::MAX {
            match self.node.entity(self.handle, version, index) {
                Ok(entity) => see(&entity),
                Err(ipc::Error::Op(NodeError::NoSuchEntity)) => break,
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Calls `see` for each data link of one snapshot.
    ///
    /// # Errors
    /// As [`Media::entities`].
    pub fn links(&self, mut see: impl FnMut(&Link)) -> Result<(), Failure> {
        let version = self.version()?;
        for index in 0..=u8::MAX {
            match self.node.link(self.handle, version, index) {
                Ok(link) => see(&link),
                Err(ipc::Error::Op(NodeError::NoSuchLink)) => break,
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// The entity of that name.
    ///
    /// # Errors
    /// `NoSuchEntity`; a disconnect.
    pub fn find(&self, name: &str) -> Result<EntityId, Failure> {
        let mut found = None;
        self.steady(|| {
            found = None;
            self.entities(|entity| {
                if entity.description.name.as_str() == name {
                    found = Some(entity.id);
                }
            })
        })?;
        found.ok_or(ipc::Error::Op(NodeError::NoSuchEntity))
    }

    /// Enables the link between two pads, each by entity name and pad, and disables the links that
    /// exclude it: others of the same source entity, and others into the same pad.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoSuchLink`; `Busy` while a pipeline that it touches runs; a disconnect.
    pub fn connect(&self, source: (&str, u8), sink: (&str, u8)) -> Result<(), Failure> {
        let source = PadRef { entity: self.find(source.0)?, pad: source.1 };
        let sink = PadRef { entity: self.find(sink.0)?, pad: sink.1 };
        while let Some(link) = self.excluding(source, sink)? {
            self.node.setup_link(self.handle, link.source, link.sink, false)?;
        }
        self.node.setup_link(self.handle, source, sink, true)
    }

    /// Waits until the topology is another one than at the latest reading, [`Media::noted`] included,
    /// but at most `timeout_ms` milliseconds. A change since then counts.
    ///
    /// # Errors
    /// `TooManyWaiters`; a disconnect, which is a change of another kind.
    pub fn wait_for_change(&self, timeout_ms: u32) -> Result<(), Failure> {
        let events = self.node.poll(self.handle, PollEvents::PRI, timeout_ms)?;
        // The end of the handle is reported here; the next call has its record.
        if events.contains(PollEvents::HUP) { self.version().map(|_| ()) } else { Ok(()) }
    }

    fn version(&self) -> Result<u32, Failure> {
        self.node.topology_version(self.handle)
    }

    /// Closes the handle.
    ///
    /// # Errors
    /// The death of the node itself, which has closed it.
    pub fn close(self) -> Result<(), Failure> {
        self.node.close(self.handle)
    }

    /// An enabled link that keeps this one from being enabled.
    fn excluding(&self, source: PadRef, sink: PadRef) -> Result<Option<Link>, Failure> {
        let mut found = None;
        self.steady(|| {
            found = None;
            self.links(|link| {
                let itself = link.source == source && link.sink == sink;
                let active = link.flags.contains(LinkFlags::ENABLED)
                    && !link.flags.contains(LinkFlags::IMMUTABLE);
                let excludes = link.source.entity == source.entity || link.sink == sink;
                if active && excludes && !itself {
                    found = Some(*link);
                }
            })
        })?;
        Ok(found)
    }

    /// Reads until nothing changed while reading.
    fn steady(&self, mut read: impl FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
        for _ in 1..READS_MAX {
            match read() {
                Err(ipc::Error::Op(NodeError::Stale)) => {}
                result => return result,
            }
        }
        read()
    }
}
