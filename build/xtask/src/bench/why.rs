//! Why the kernel misses a moonshot: what the instructions, or bytes, of a row are for.
//!
//! The bench prints a text of this list below its table while its row misses; below the row itself are
//! the largest parts of the figure as they are in that run, and `--profile ROW` prints all.

/// By row. Figures are of the kernel when the text was written, and say how parts compare.
const WHY: &[(&str, &str)] = &[
    (
        "sys.get_timer",
        "Of 60, 21 are the way in and out (find the kernel, store and load ten registers, dispatch, \
         see that nobody else runs) and 8 the caller's. The others count the call (3), find the task \
         (4), read counter and pending tick (5), make 64 bits of microseconds (12), give the deadline \
         (7). 45 would be a clock that the task divides itself, in calls that nobody counts",
    ),
    (
        "ipc.rt.0_0",
        "Two entries of 120, and 55 in the two tasks. Of an entry, 28 are the way in and out with \
         stack limit and MPU regions of the next task; 12 put the time to the account; 6 count calls \
         and switches; 6 stamp both states; 20 find two tasks and compare ids, states and the send \
         list; 20 give results; 28 keep registers of the functions and decide that nothing is \
         unusual. Without account, counters and stamps 245 would be left; 150 needs a message that \
         never leaves the registers, in a path of assembly",
    ),
    (
        "ipc.rt.4_4",
        "A round trip without bytes, and three slices to prove (11 each: they are allegations until \
         they lie in the task's own memory) and two copies of a word (21 each: aligned, how many \
         bursts, how many words)",
    ),
    (
        "ipc.rt.64_64",
        "As with 4 bytes; a copy of 64 is four bursts of four words (5 each), and the client clears \
         its reply buffer (41)",
    ),
    (
        "ipc.rt.lease64",
        "A round trip with 4 bytes, a lease table to prove, and a third entry: BORROW_READ has no \
         fast path. It proves the borrower's buffer and the lender's table entry, copies that, proves \
         the lender's memory and copies 64 bytes. The entry counts when it is used, and its lender's \
         memory holds it until then, so SEND cannot prove it once for all borrows",
    ),
    ("ipc.rt.4_4.tasks16", "As with 4 tasks: nothing in it grows with their number"),
    (
        "post.wake",
        "Two entries, two switches. The post searches the mask that the manifest gives the two tasks \
         (25); the server's RECV proves its buffer again, and picks the next of the ready set (20)",
    ),
    (
        "fault.supervisor",
        "Two switches' worth of state: what the processor refused is read, decoded and kept (40); \
         the death is written down, with time and what the task did (45); each task of the image is \
         asked whether it waits for the dead one (6 each), for clients are released before anybody \
         else runs; then the supervisor gets its notification (20) and the processor (41)",
    ),
    (
        "fault.restart",
        "Twelve system calls of supervisor and quiescer, 190 each with the tasks' own work: status, \
         id, post, two messages to the supervisor with their answers, restart. Painting the stack \
         of the new life takes 110. 1500 would be half as many calls: a supervisor that restarts \
         without asking whether the hardware is quiet",
    ),
    (
        "size.flash",
        "The fast paths (1600) do once more what the general ones do, and are why a round trip costs \
         300 and not 600. Messages to the kernel take 1700 with their encoding, boot 800, a crash \
         record 400, tables of eight tasks 700, vectors 576. 8192 would be one path for all, at the \
         price of the rows above",
    ),
    (
        "size.ram",
        "Eight tasks' 160 bytes are 1280; the rest is the kernel object (192: time, ready set, order \
         of 64 tasks, tables) and the watches (20 each)",
    ),
    (
        "size.task.ram",
        "Of 160, 44 are registers; 16 ids and state; 12 notifications and senders; 20 how the last \
         life ended and 12 when; 12 where REPLY_RECV receives; 12 the timer; 8 stamps; 24 what the \
         debugger shows: processor time, calls, switches; 8 order of importance and flags. 120 would \
         have no record of a death and no statistics",
    ),
];

/// Why the moonshot of a row is not met, if it is one of the kernel's.
#[must_use]
pub fn not(id: &str) -> Option<&'static str> {
    WHY.iter().find(|(row, _)| *row == id).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rows::ROWS;

    #[test]
    fn every_text_is_of_a_row() {
        for (id, why) in WHY {
            assert!(ROWS.iter().any(|row| row.id == *id), "{id}");
            assert!(!why.contains("  ") && !why.ends_with('.'), "{id}: {why}");
        }
    }
}
