//! What the test tasks say to each other: op codes, and words in little-endian byte order.

/// Ops of the runner.
pub mod runner {
    /// `[case count]` -> `[case to run]`; after the last one the machine is reset.
    pub const NEXT: u16 = 1;
    /// `[case id]` and its name -> (). The time limit starts.
    pub const BEGIN: u16 = 2;
    /// () -> (). The case that runs has passed.
    pub const PASSED: u16 = 3;
    /// () -> `[notification bits since the last call]`.
    pub const READ_AND_CLEAR_NOTES: u16 = 4;
    /// `[0 or 1]` -> (). Whether faulted tasks other than the suite are restarted at once.
    pub const AUTO_RESTART: u16 = 5;
    /// () -> never: for controls, the whole image hangs.
    pub const HANG: u16 = 6;
    /// () -> never: for controls, the image says nonsense without end.
    pub const BABBLE: u16 = 7;
}

/// Ops of assist.
pub mod assist {
    /// `[x]` -> `[!x]`.
    pub const JUST_REPLY: u16 = 0;
    /// `[x]` -> the value of the previous `STORE` (0 at first).
    pub const STORE: u16 = 1;
    /// `[kind, argument]` -> (), then it misbehaves ([`crate::misbehave::Kind`]).
    pub const MISBEHAVE: u16 = 2;
    /// `[number, 7 arguments]` -> `[6 results]`: makes a system call, then replies.
    pub const CALL_THEN_REPLY: u16 = 3;
    /// `[number, 7 arguments]` -> (): replies, then makes a system call.
    pub const REPLY_THEN_CALL: u16 = 4;
    /// () -> `[address, length]` of a buffer of its own, and of its code.
    pub const WHERE: u16 = 5;
    /// Any message: no reply, the sender waits until somebody dies.
    pub const NEVER_REPLY: u16 = 6;
    /// `[code]` -> that code, no bytes.
    pub const REPLY_CODE: u16 = 7;
    /// `[index, offset, bytes]` with leases: borrows and replies `[status, length, bytes...]`.
    pub const BORROW_READ: u16 = 8;
    /// `[index, offset, bytes]` with leases: writes 1, 2, 3... and replies `[status, length]`.
    pub const BORROW_WRITE: u16 = 9;
    /// `[index]` with leases -> `[status, attributes, length]`.
    pub const BORROW_INFO: u16 = 10;
    /// () -> `[bits]`: the notifications that came since the last call.
    pub const NOTES: u16 = 11;
    /// () -> `[kind of what came, length as sent, reply capacity, lease count]` of this message.
    pub const ENVELOPE: u16 = 12;
    /// () -> `[count]`: how many messages it has received by reply-and-receive.
    pub const REPLY_RECEIVES: u16 = 13;
    /// Any message: the next op after this one is answered first, then this one (with its order).
    pub const HOLD: u16 = 14;
    /// `[first of 16]` -> 16 FP registers as its life began.
    pub const FP_AT_START: u16 = 15;
    /// `[seed]` -> (). Loads all FP registers ([`crate::fp::pattern`]).
    pub const FP_LOAD: u16 = 16;
    /// `[seed]` -> (), then loads all FP registers and executes an undefined instruction.
    pub const FP_DIE: u16 = 17;
    /// () -> (), then makes a system call with live FP registers and room for a short frame only.
    pub const FP_OVERFLOW: u16 = 18;
    /// () -> `[FPSCR]`.
    pub const FP_STATUS: u16 = 19;
    /// `[number of bytes]` -> that many bytes, by reply-and-receive.
    pub const REPLY_RECV_BYTES: u16 = 20;
    /// `[code]` -> that code, no bytes, by reply-and-receive.
    pub const REPLY_RECV_CODE: u16 = 21;
}

/// Ops that the clients send to the suite.
pub mod client {
    /// `[6 results of the last call, buffer address, buffer length]` -> `[number, 7 arguments]`.
    pub const NEXT: u16 = 1;

    /// () -> bytes for its buffer.
    pub const FILL: u16 = 2;

    /// Order to spin for ever, in the place of a system call number.
    pub const SPIN: u32 = 0x5350_494e;

    /// `[turns, seed]`: order to load all FP registers, to count the turns down, and to report how
    /// many registers have changed, in the place of a system call number.
    pub const FP_SPIN: u32 = 0x4650_5350;

    /// `[id, op, kind, argument]`: order to send without bytes, and to misbehave
    /// ([`crate::misbehave::Kind`]) as soon as it is answered, in the place of a system call number.
    pub const SEND_THEN_MISBEHAVE: u32 = 0x5345_4d42;
}

/// Which cases are to run: a block that the loader of the emulator leaves for the runner.
pub mod wanted {
    use super::word;

    /// First word of the block; without it all cases run.
    pub const MAGIC: u32 = 0x6361_7365;

    /// The block for these ids.
    #[cfg(not(target_os = "none"))]
    #[must_use]
    pub fn block(ids: &[u32]) -> Vec<u8> {
        let count = u32::try_from(ids.len()).expect("fewer cases than 2^32");
        [MAGIC, count].iter().chain(ids).flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The id at this position, if so many are wanted. `case_count` is for a block that says
    /// nothing.
    #[must_use]
    pub fn nth(block: &[u8], position: u32, case_count: u32) -> Option<u32> {
        const HEADER_WORDS: u32 = 2;
        if word(block, 0) != MAGIC {
            return (position < case_count).then_some(position);
        }
        let index = position.checked_add(HEADER_WORDS)? as usize;
        let inside = position < word(block, 1) && index < block.len() / 4;
        inside.then(|| word(block, index))
    }
}

/// Size of the buffers that tests may use in assist and in the clients, in bytes.
pub const BUFFER_BYTES: usize = 64;

/// Words as bytes; `N` words are `4 * N` bytes.
#[must_use]
pub fn bytes<const N: usize, const BYTES: usize>(words: [u32; N]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Word `index` of a message; 0 where it ends.
#[must_use]
pub fn word(bytes: &[u8], index: usize) -> u32 {
    bytes
        .get(index * 4..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_trip() {
        let message: [u8; 12] = bytes([1, 0xdead_beef, 3]);
        assert_eq!([word(&message, 0), word(&message, 1), word(&message, 2)], [1, 0xdead_beef, 3]);
        assert_eq!(word(&message, 3), 0);
    }

    #[test]
    fn wanted_ids_come_in_their_order_and_end() {
        let block = wanted::block(&[7, 3]);
        let found: Vec<_> = (0..4).map(|position| wanted::nth(&block, position, 9)).collect();
        assert_eq!(found, [Some(7), Some(3), None, None]);
        assert_eq!(wanted::nth(&block, u32::MAX, 9), None);
    }

    #[test]
    fn a_block_that_says_nothing_wants_all_and_one_that_lies_ends_with_its_memory() {
        assert_eq!(wanted::nth(&[0; 16], 8, 9), Some(8));
        assert_eq!(wanted::nth(&[], 9, 9), None);
        let mut lies = wanted::block(&[7]);
        lies[4..8].fill(0xff);
        assert_eq!((wanted::nth(&lies, 0, 9), wanted::nth(&lies, 1, 9)), (Some(7), None));
    }
}
