//! Why an operation failed: one small enum per interface, each variant with cause and remedy.

use hubris_derive::IdolError;

/// Errors of the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum SupervisorError {
    /// No such task: the index is not below the task count.
    NoSuchTask = 1,
    /// The manifest does not make the caller an operator, or power, or a driver behind power.
    NotAllowed = 2,
    /// The report is about a life that is not waiting for it (late or double).
    NotPending = 3,
}

/// Errors of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum PowerError {
    /// The manifest does not make the caller an operator of power.
    NotAllowed = 1,
}

/// Errors of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum FramesError {
    /// No such pool in frames' configuration.
    NoSuchPool = 1,
    /// The pool has fewer buffers.
    NoSuchBuffer = 2,
    /// The buffer has another owner than this transfer starts from.
    WrongOwner = 3,
    /// Hardware or quarantine holds the buffer; it comes back at quiet.
    Busy = 4,
    /// The caller has not attached the pool, or a live mapper has not attached again yet.
    NotAttached = 5,
    /// All DMA windows are in use.
    NoWindow = 6,
    /// More bytes than a buffer has.
    TooLong = 7,
    /// As many tasks as can read the buffer already.
    TooManyReaders = 8,
}

/// Errors of the ISP driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum IspError {
    /// No entity at that position.
    NoSuchEntity = 1,
    /// No link at that position.
    NoSuchLink = 2,
    /// The ISP is not powered yet; wait for its ready edge.
    NotReady = 3,
    /// The block or node is in use by a running pipeline; stop it first.
    Busy = 4,
    /// The hardware cannot run this pipeline; adjust the formats first.
    InvalidPipeline = 5,
    /// No pipeline is running on that node; start it first.
    NotStreaming = 6,
    /// The driver holds QUEUE_DEPTH buffers already; drain next_done first.
    QueueFull = 7,
    /// The ledger refused the buffer.
    BadBuffer = 8,
    /// A block is marked crashed; it recovers when the last user lets go.
    Crashed = 9,
    /// The block has no such control.
    NoSuchControl = 10,
    /// The statistics engine has no configuration yet; configure it first.
    NotConfigured = 11,
    /// A number of the configuration is outside of the limits of its engine.
    InvalidConfiguration = 12,
    /// The block has no such configuration; ask for the preview engine.
    NoConfiguration = 13,
    /// The block has no such function, or one that cannot be switched so; leave its bit out.
    UnsupportedFeature = 14,
    /// The sensor sends more pixels in a second than the CCDC takes; give it a slower pixel clock.
    TooFast = 15,
    /// The pad cannot have that code, or no more codes, or there is no such pad; begin at index 0.
    NoSuchFormat = 16,
}

/// Errors of the sensor driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum SensorError {
    /// The sensor has not been probed yet; wait for its ready edge.
    NotReady = 1,
    /// It is streaming; stop it first.
    Busy = 2,
    /// No such control.
    NoSuchControl = 3,
    /// The array cannot read out this format, or an enumeration has ended; adjust it first.
    InvalidFormat = 4,
    /// The control can only be read.
    ReadOnly = 5,
}

/// Errors of the media graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum GraphError {
    /// No such entity (any more): ids of what left are not reused. Read the topology again.
    NoSuchEntity = 1,
    /// No such link.
    NoSuchLink = 2,
    /// No such pad, or no format on it.
    NoSuchPad = 3,
    /// The topology changed since that version; read it again from the start.
    Stale = 4,
    /// A running pipeline uses it; stop it first.
    Busy = 5,
    /// The link is immutable.
    Immutable = 6,
    /// The pipeline has no enabled path from a sensor to this node (EPIPE).
    BrokenPipeline = 7,
    /// The node's format differs from the connected pad's (EINVAL).
    FormatMismatch = 8,
    /// The graph died and its members have not been described again yet; try later.
    Rebuilding = 9,
    /// The driver refused to start; see its error in the story.
    StartFailed = 10,
    /// Two ends of a link carry different formats, or the blocks cannot run what they carry (EPIPE).
    LinkMismatch = 11,
    /// The sensor sends more pixels in a second than the ISP takes (ENOSPC).
    TooFast = 12,
    /// The pad cannot have that code, or no more codes; begin at index 0.
    NoSuchFormat = 13,
}

/// Errors of device nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum NodeError {
    /// Not a handle of this caller (wrong, closed, or of an earlier life).
    BadHandle = 1,
    /// The hardware of this node is away; wait for its ready edge (ENODEV on open).
    NoDevice = 2,
    /// All handles, or all places for readers, are in use; close one.
    TableFull = 3,
    /// Another handle owns the queue, a running pipeline forbids it, or no measurement is ready
    /// (EBUSY).
    Busy = 4,
    /// The format does not fit the node, the pad or the connected pad, or an enumeration has ended (EINVAL).
    InvalidFormat = 5,
    /// No such buffer, or it is not the client's (EINVAL).
    BadBuffer = 6,
    /// The handle is not streaming (EINVAL).
    NotStreaming = 7,
    /// Nothing is ready and the caller did not want to wait (EAGAIN).
    WouldBlock = 8,
    /// Nothing came within the caller's time-out: the driver lives, but there are no frames.
    TimedOut = 9,
    /// The links do not form a pipeline, or its formats do not match (EPIPE).
    BrokenPipeline = 10,
    /// No such entity.
    NoSuchEntity = 11,
    /// No such link or pad.
    NoSuchLink = 12,
    /// The topology changed; read it again from the start.
    Stale = 13,
    /// The link is immutable.
    Immutable = 14,
    /// The graph is being rebuilt; try later.
    Rebuilding = 15,
    /// A driver on the way refused; the story says which.
    DriverRefused = 16,
    /// The node's table of waiting calls is full; try later.
    TooManyWaiters = 17,
    /// Nothing in the event queue (ENOENT).
    NoEvent = 18,
    /// The node has no such control (EINVAL).
    NoSuchControl = 19,
    /// The node has no events of that kind (EINVAL).
    NoSuchEvent = 20,
    /// A buffer that this needs is held by a client or a reader, or is imported by another node, and
    /// will not be taken away; `holder` says by whom.
    NoBuffers = 21,
    /// The statistics engine is off (EINVAL); configure and enable it first.
    NotEnabled = 22,
    /// The configuration is outside of the limits of the engine, or of another engine; a reader would
    /// hold no frame; a table has the wrong length, or a function that is switched on lacks its table
    /// (EINVAL).
    InvalidConfiguration = 23,
    /// The memory that was lent is shorter than the measurement (EINVAL).
    TooShort = 24,
    /// The sensor has sent no frame for several frame intervals (EIO on DQBUF: signal loss). The
    /// stream goes on: wait again, or stop it.
    NoFrames = 25,
    /// The image has no task with that index, or it has no slot on this node (EINVAL); name one that has.
    NoSuchTask = 26,
    /// The entity makes no frames by itself (ENOTTY); ask the node of the sensor.
    NoFrameInterval = 27,
    /// The handle does not read frames (EINVAL); subscribe first.
    NotSubscribed = 28,
    /// The entity has no such configuration (ENOTTY); ask the node of the preview engine.
    NoConfiguration = 29,
    /// The block has no such function, or one that cannot be switched so (EINVAL); leave its bit out.
    UnsupportedFeature = 30,
    /// The sensor sends more pixels in a second than the ISP takes (ENOSPC); give it a slower pixel clock.
    TooFast = 31,
    /// The control can only be read (EACCES).
    ReadOnly = 32,
}

/// Errors of the host bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
#[repr(u32)]
pub enum CtlError {
    /// The host did not take it.
    HostRefused = 1,
    /// The text or picture is longer than the bridge takes.
    TooLong = 2,
}
