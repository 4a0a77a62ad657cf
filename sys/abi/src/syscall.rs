//! System calls: numbers, the meaning of the registers, reserved reply codes.
//!
//! | nr | name | r4.. arguments | r4.. results |
//! |---|---|---|---|
//! | 0 | SEND | target id; op \| lease count << 16; msg ptr, len; reply ptr, capacity; lease table ptr | status; code, length \| peer index, ended generation, cause |
//! | 1 | RECV | buf ptr, len; mask; mode ([`RecvMode`]); sender id (closed) | status; sender id \| peer index; op, bits \| ended generation; untruncated length \| cause; reply capacity; lease count |
//! | 2 | REPLY | peer id; code; msg ptr, len | - |
//! | 3 | SET_TIMER | armed 0/1; deadline lo, hi (us); bits | - |
//! | 4 | BORROW_READ | lender id; lease index; offset; dest ptr, len | 0 ok, 1 defect; bytes |
//! | 5 | BORROW_WRITE | lender id; lease index; offset; source ptr, len | 0 ok, 1 defect; bytes |
//! | 6 | BORROW_INFO | lender id; lease index | 0 ok, 1 defect; attributes; length |
//! | 7 | IRQ_CONTROL | mask; bit 0 enable, bit 1 clear pending | - |
//! | 8 | PANIC | msg ptr, len | never returns |
//! | 9 | GET_TIMER | - | now lo, hi (us); armed; deadline lo, hi |
//! | 10 | REFRESH_TASK_ID | any id | id of the current life |
//! | 11 | POST | task id; bits | status; peer index, ended generation, cause |
//! | 12 | REPLY_FAULT | peer id; reason | - (of an unbelieved task: never returns) |
//! | 13 | IRQ_STATUS | mask | [`IrqStatus`] bits |
//! | 14 | REPLY_RECV | peer id; code; msg ptr, len | as RECV |
//! | 15 | SET_RECV | buf ptr, len; mask | - (the descriptor that REPLY_RECV receives with) |
//! | 16 | WATCH_NEXT | - | 0 none, 1 event; peer index; edge; generation; cause |

/// System call number, passed in r11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Sysnum {
    /// Send a message and wait for its reply.
    Send = 0,
    /// Wait for a message or a notification.
    Recv = 1,
    /// Answer a message.
    Reply = 2,
    /// Arm or disarm the task's timer.
    SetTimer = 3,
    /// Copy out of a lease.
    BorrowRead = 4,
    /// Copy into a lease.
    BorrowWrite = 5,
    /// Ask for a lease's attributes and length.
    BorrowInfo = 6,
    /// Enable or disable interrupts, clear their pending state.
    IrqControl = 7,
    /// End this life.
    Panic = 8,
    /// Read the clock and the task's timer.
    GetTimer = 9,
    /// Learn the current generation of a task.
    RefreshTaskId = 10,
    /// Post notification bits.
    Post = 11,
    /// Answer a message by faulting its sender.
    ReplyFault = 12,
    /// Read the state of interrupts.
    IrqStatus = 13,
    /// Reply and receive in one entry.
    ReplyRecv = 14,
    /// Register the receive descriptor of [`Sysnum::ReplyRecv`].
    SetRecv = 15,
    /// Drain one watch event.
    WatchNext = 16,
}

impl Sysnum {
    /// All numbers in order; position = number.
    pub const ALL: [Self; 17] = [
        Self::Send,
        Self::Recv,
        Self::Reply,
        Self::SetTimer,
        Self::BorrowRead,
        Self::BorrowWrite,
        Self::BorrowInfo,
        Self::IrqControl,
        Self::Panic,
        Self::GetTimer,
        Self::RefreshTaskId,
        Self::Post,
        Self::ReplyFault,
        Self::IrqStatus,
        Self::ReplyRecv,
        Self::SetRecv,
        Self::WatchNext,
    ];
}

/// First result of SEND and POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SendStatus {
    /// The server replied (SEND), the bits are posted (POST).
    Replied = 0,
    /// The peer is dead: a death record follows.
    Dead = 1,
}

/// First result of RECV and REPLY_RECV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum RecvStatus {
    /// A message.
    Message = 0,
    /// Notification bits.
    Notification = 1,
    /// Closed receive only: the peer is dead, a death record follows.
    Dead = 2,
}

/// From whom RECV takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum RecvMode {
    /// From anybody.
    Open = 0,
    /// From one sender; with [`crate::TaskId::KERNEL`], notifications only.
    Closed = 1,
}

/// Bits of IRQ_STATUS.
pub struct IrqStatus;

impl IrqStatus {
    /// The line is enabled.
    pub const ENABLED: u32 = 1;
    /// The line is pending in the interrupt controller.
    pub const PENDING: u32 = 2;
    /// The notification is posted and not yet received.
    pub const POSTED: u32 = 4;
}

/// First reply code that a server may not use; REPLY with one of these, other than
/// [`CODE_DISCONNECTED`], faults the server.
pub const CODE_RESERVED_FIRST: u32 = 0xFFFF_FE00;

/// Reply code of a forwarded [`crate::Disconnect`]; the reply carries the record in hubpack form.
pub const CODE_DISCONNECTED: u32 = 0xFFFF_FE10;

/// Room that every reply buffer keeps for a forwarded [`crate::Disconnect`], in bytes.
pub const FORWARD_BYTES: usize = 8;
