//! Assist: a server, more important than the suite, that does what it is told.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fp;
use test_kernel::misbehave::{Kind, perform, raw_call};
use test_kernel::protocol::{BUFFER_BYTES, assist, bytes, word};
use userlib::{
    Message, Received, Receiver, TaskId, notification, sys_borrow_info, sys_borrow_read,
    sys_borrow_write, sys_reply, sys_set_recv,
};

userlib::entry!(main);

/// What it remembers between messages.
struct Assist {
    /// FP registers as this life began.
    fp_at_start: [u32; fp::COUNT],
    stored: u32,
    notes: u32,
    reply_receives: u32,
    held: Option<TaskId>,
    scratch: [u8; BUFFER_BYTES],
}

/// What to do after a message.
enum Then {
    Receive,
    /// Answer by reply-and-receive.
    Answer(TaskId, u32),
    /// The same with so many bytes.
    Bytes(TaskId, usize),
    /// The same with a code.
    Code(TaskId, u32),
}

fn main() -> ! {
    // Before anything else may use them.
    let fp_at_start = fp::registers();
    let mut buffer = [0; BUFFER_BYTES];
    let mask = notification!("free") | notification!("line");
    let mut receiver = sys_set_recv(&mut buffer, mask);
    let mut state = Assist {
        fp_at_start,
        stored: 0,
        notes: 0,
        reply_receives: 0,
        held: None,
        scratch: [0; BUFFER_BYTES],
    };
    let mut received = receiver.recv();
    loop {
        received = match received {
            Received::Notification(bits) => {
                state.notes |= bits;
                receiver.recv()
            }
            Received::Message(message) => match state.serve(message, &mut receiver) {
                Then::Receive => receiver.recv(),
                Then::Answer(peer, value) => {
                    state.reply_receives += 1;
                    let answer: [u8; 4] = bytes([value]);
                    receiver.reply_recv(peer, 0, &answer)
                }
                Then::Bytes(peer, count) => {
                    receiver.reply_recv(peer, 0, &[7; BUFFER_BYTES][..count])
                }
                Then::Code(peer, code) => receiver.reply_recv(peer, code, &[]),
            },
        };
    }
}

impl Assist {
    fn serve(&mut self, message: Message, receiver: &mut Receiver<'_>) -> Then {
        let len = message.len.min(BUFFER_BYTES);
        let mut body = [0; BUFFER_BYTES];
        body[..len].copy_from_slice(&receiver.buffer()[..len]);
        let peer = message.sender;
        if let Some(held) = self.held.take() {
            reply(peer, [1]);
            reply(held, [2]);
            return Then::Receive;
        }
        match message.op {
            assist::JUST_REPLY => return Then::Answer(peer, !word(&body, 0)),
            assist::STORE => {
                let previous = core::mem::replace(&mut self.stored, word(&body, 0));
                reply(peer, [previous]);
            }
            assist::MISBEHAVE => {
                sys_reply(peer, 0, &[]);
                if let Some(kind) = Kind::from_code(word(&body, 0)) {
                    perform(kind, word(&body, 1));
                }
            }
            assist::CALL_THEN_REPLY => {
                let results = raw_call(word(&body, 0), arguments(&body));
                sys_reply(peer, 0, &bytes::<6, 24>(results));
            }
            assist::REPLY_THEN_CALL => {
                sys_reply(peer, 0, &[]);
                let _results = raw_call(word(&body, 0), arguments(&body));
            }
            assist::WHERE => {
                let address = self.scratch.as_mut_ptr().expose_provenance() as u32;
                let code = main as fn() -> ! as usize as u32;
                reply(peer, [address, BUFFER_BYTES as u32, code]);
            }
            assist::NEVER_REPLY => {}
            assist::REPLY_CODE => sys_reply(peer, word(&body, 0), &[]),
            assist::HOLD => self.held = Some(peer),
            _ => return self.serve_more(message, &body),
        }
        Then::Receive
    }

    fn serve_more(&mut self, message: Message, body: &[u8]) -> Then {
        let peer = message.sender;
        let (index, offset) = (word(body, 0) as usize, word(body, 1) as usize);
        let wanted = (word(body, 2) as usize).min(BUFFER_BYTES - 8);
        match message.op {
            assist::BORROW_READ => {
                let mut answer = [0; BUFFER_BYTES];
                let result = sys_borrow_read(peer, index, offset, &mut answer[8..8 + wanted]);
                let (status, len) = result.map_or((1, 0), |len| (0, len as u32));
                answer[..8].copy_from_slice(&bytes::<2, 8>([status, len]));
                sys_reply(peer, 0, &answer[..8 + len as usize]);
            }
            assist::BORROW_WRITE => {
                let source: [u8; BUFFER_BYTES] = core::array::from_fn(|place| place as u8 + 1);
                let result = sys_borrow_write(peer, index, offset, &source[..wanted]);
                let (status, len) = result.map_or((1, 0), |len| (0, len as u32));
                reply(peer, [status, len]);
            }
            assist::BORROW_INFO => match sys_borrow_info(peer, index) {
                Ok(info) => reply(peer, [0, info.attributes.0, info.length as u32]),
                Err(_) => reply(peer, [1, 0, 0]),
            },
            assist::NOTES => {
                let notes = core::mem::take(&mut self.notes);
                reply(peer, [notes]);
            }
            assist::ENVELOPE => {
                let counts = [message.len, message.reply_capacity, message.lease_count];
                reply(
                    peer,
                    [message.op.into(), counts[0] as u32, counts[1] as u32, counts[2] as u32],
                );
            }
            assist::REPLY_RECEIVES => reply(peer, [self.reply_receives]),
            assist::REPLY_RECV_BYTES => return Then::Bytes(peer, index.min(BUFFER_BYTES)),
            assist::REPLY_RECV_CODE => return Then::Code(peer, word(body, 0)),
            _ => self.serve_fp(message, word(body, 0)),
        }
        Then::Receive
    }

    fn serve_fp(&self, message: Message, argument: u32) {
        let peer = message.sender;
        match message.op {
            assist::FP_AT_START => {
                let half = self.fp_at_start.iter().skip(argument as usize);
                let mut answer = [0; BUFFER_BYTES];
                for (place, register) in answer.chunks_exact_mut(4).zip(half) {
                    place.copy_from_slice(&register.to_le_bytes());
                }
                sys_reply(peer, 0, &answer);
            }
            assist::FP_LOAD => {
                fp::load(&fp::pattern(argument));
                sys_reply(peer, 0, &[]);
            }
            assist::FP_DIE => {
                sys_reply(peer, 0, &[]);
                fp::load_and_die(&fp::pattern(argument));
            }
            assist::FP_OVERFLOW => {
                sys_reply(peer, 0, &[]);
                fp::trap_without_room();
            }
            assist::FP_STATUS => reply(peer, [fp::status()]),
            _ => sys_reply(peer, 1, &[]),
        }
    }
}

fn arguments(body: &[u8]) -> [u32; 7] {
    core::array::from_fn(|index| word(body, index + 1))
}

/// Replies with up to four words.
fn reply<const N: usize>(peer: TaskId, words: [u32; N]) {
    let all: [u8; 16] = bytes(words);
    sys_reply(peer, 0, &all[..N * 4]);
}
