//! Each transfer and each edge.

mod walk;

use super::*;
use idl::types::{BufferIndex, FramesError, Generation, Owner, OwnerCounts, PoolId, TaskIndex};
use std::collections::BTreeMap;
use sys_abi::TaskId;

const POOL: PoolId = PoolId(0);
const OTHER_POOL: PoolId = PoolId(1);
const BASE: u32 = 0x8001_0000;
const BUFFER_BYTES: u32 = 1024;
const NODE: TaskId = TaskId::new(TaskIndex(7), Generation(0));
const OTHER_NODE: TaskId = TaskId::new(TaskIndex(8), Generation(0));
const DRIVER: TaskId = TaskId::new(TaskIndex(3), Generation(5));
const CLIENT: TaskIndex = TaskIndex(13);

fn buffer(index: u8) -> BufferIndex {
    BufferIndex(index)
}

fn ledger() -> Ledger {
    Ledger::new(&PoolTable::new(&[BASE, 4 * BUFFER_BYTES, BASE + 0x10000, 8 * 512], &[4, 8]))
}

fn attached() -> Ledger {
    let mut ledger = ledger();
    ledger.attach(NODE, POOL, 0).expect("the pool is free");
    ledger
}

fn in_hardware(indices: &[u8]) -> Ledger {
    let mut ledger = attached();
    for &index in indices {
        ledger.queue(NODE, POOL, buffer(index)).expect("unused");
        ledger.start_dma(DRIVER, POOL, buffer(index), 1000, Direction::Write).expect("queued");
    }
    ledger
}

fn die(ledger: &mut Ledger, life: TaskId) {
    ledger.died(life.index(), life.generation());
}

/// It could queue what a client looks at, while the pool's node is down or not yet up, and let the
/// hardware write it.
#[test]
fn a_driver_has_charge_of_no_pool() {
    let mut ledger = ledger().with_drivers(&[3]);
    assert_eq!(ledger.attach(DRIVER, OTHER_POOL, 0), Err(FramesError::NotAttached));
    ledger.attach(NODE, POOL, 0).expect("the pool is free");
    ledger.queue(NODE, POOL, buffer(0)).expect("unused");
    ledger.start_dma(DRIVER, POOL, buffer(0), 1000, Direction::Write).expect("queued");
    ledger.finish_dma(DRIVER, POOL, buffer(0)).expect("it started that");
    ledger.hand_out(NODE, POOL, buffer(0), CLIENT).expect("done");
    die(&mut ledger, NODE);
    assert_eq!(ledger.attach(DRIVER, POOL, 0), Err(FramesError::NotAttached));
    assert_eq!(ledger.queue(DRIVER, POOL, buffer(0)), Err(FramesError::NotAttached));
    assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Client(Some(CLIENT))));
    let next = TaskId::new(NODE.index(), Generation(1));
    assert_eq!(ledger.attach(next, POOL, 1), Ok(()));
}

/// Nobody looks at tables but hardware; a driver fills them, and hardware does not write them.
#[test]
fn a_driver_alone_has_charge_of_tables_and_a_death_brings_them_back() {
    let mut ledger = ledger().with_drivers(&[3]).with_tables(&[1]);
    assert_eq!(ledger.attach(NODE, OTHER_POOL, 0), Err(FramesError::NotAttached));
    assert_eq!(ledger.attach(DRIVER, POOL, 0), Err(FramesError::NotAttached));
    ledger.attach(DRIVER, OTHER_POOL, 0).expect("its own");
    ledger.queue(DRIVER, OTHER_POOL, buffer(0)).expect("unused");
    let written = ledger.start_dma(DRIVER, OTHER_POOL, buffer(0), 32, Direction::Write);
    assert_eq!(written, Err(FramesError::WrongOwner));
    ledger.start_dma(DRIVER, OTHER_POOL, buffer(0), 32, Direction::Read).expect("queued");
    die(&mut ledger, DRIVER);
    let ended = Owner::Quarantined(DRIVER.index(), DRIVER.generation());
    assert_eq!(ledger.owner(OTHER_POOL, buffer(0)), Ok(ended));
    ledger.quiet(DRIVER.index(), DRIVER.generation());
    assert_eq!(ledger.owner(OTHER_POOL, buffer(0)), Ok(Owner::Client(None)));
    let next = TaskId::new(DRIVER.index(), Generation(DRIVER.generation().0 + 1));
    ledger.attach(next, OTHER_POOL, 0).expect("its next life");
    ledger.queue(next, OTHER_POOL, buffer(0)).expect("it is back");
}

#[test]
fn a_buffer_goes_round_and_each_transfer_starts_from_one_owner() {
    let mut ledger = attached();
    let b = buffer(2);
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Client(None)));
    assert_eq!(ledger.hand_out(NODE, POOL, b, CLIENT), Err(FramesError::WrongOwner));
    assert_eq!(
        ledger.start_dma(DRIVER, POOL, b, 1000, Direction::Write),
        Err(FramesError::WrongOwner)
    );
    ledger.queue(NODE, POOL, b).expect("unused");
    assert_eq!(ledger.queue(NODE, POOL, b), Err(FramesError::WrongOwner));
    let window = ledger.start_dma(DRIVER, POOL, b, 1000, Direction::Write).expect("queued");
    assert_eq!(
        window,
        OpenWindow {
            direction: Direction::Write,
            window: 0,
            base: BASE + 2 * BUFFER_BYTES,
            bytes: 1024
        }
    );
    assert_eq!(ledger.queue(NODE, POOL, b), Err(FramesError::Busy));
    assert_eq!(ledger.cancel(NODE, POOL, b), Err(FramesError::Busy));
    assert_eq!(ledger.finish_dma(DRIVER, POOL, b), Ok(WindowSet(1)));
    assert_eq!(ledger.finish_dma(DRIVER, POOL, b), Err(FramesError::WrongOwner));
    ledger.hand_out(NODE, POOL, b, CLIENT).expect("done");
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Client(Some(CLIENT))));
    assert_eq!(ledger.cancel(NODE, POOL, b), Err(FramesError::WrongOwner));
    ledger.queue(NODE, POOL, b).expect("the client gave it back");
    ledger.cancel(NODE, POOL, b).expect("queued");
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Client(None)));
}

#[test]
fn a_window_covers_whole_bursts_and_never_more_than_the_buffer() {
    for (asked, got) in [
        (1, Ok(32)),
        (33, Ok(64)),
        (BUFFER_BYTES, Ok(BUFFER_BYTES)),
        (BUFFER_BYTES + 1, Err(FramesError::TooLong)),
        (0, Err(FramesError::TooLong)),
        (u32::MAX, Err(FramesError::TooLong)),
    ] {
        let mut ledger = attached();
        ledger.queue(NODE, POOL, buffer(3)).expect("unused");
        let window = ledger.start_dma(DRIVER, POOL, buffer(3), asked, Direction::Write);
        assert_eq!(window.map(|window| window.bytes), got, "{asked}");
    }
}

#[test]
fn only_the_life_that_attached_a_pool_moves_its_buffers() {
    let mut ledger = ledger();
    assert_eq!(ledger.queue(NODE, POOL, buffer(0)), Err(FramesError::NotAttached));
    ledger.attach(NODE, POOL, 0).expect("free");
    assert_eq!(ledger.attach(OTHER_NODE, POOL, 0), Err(FramesError::NotAttached));
    assert_eq!(ledger.queue(OTHER_NODE, POOL, buffer(0)), Err(FramesError::NotAttached));
    ledger.queue(NODE, POOL, buffer(0)).expect("unused");
    die(&mut ledger, NODE);
    assert_eq!(
        ledger.start_dma(DRIVER, POOL, buffer(0), 32, Direction::Write),
        Err(FramesError::NotAttached)
    );
    assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Client(None)));
    let next = TaskId::new(NODE.index(), Generation(1));
    ledger.attach(next, POOL, 0).expect("its next life");
    assert_eq!(ledger.queue(NODE, POOL, buffer(0)), Err(FramesError::NotAttached));
    ledger.queue(next, POOL, buffer(0)).expect("unused");
}

#[test]
fn a_node_that_is_back_before_its_death_was_seen_starts_over() {
    let mut ledger = attached();
    ledger.queue(NODE, POOL, buffer(0)).expect("unused");
    let next = TaskId::new(NODE.index(), Generation(1));
    ledger.attach(next, POOL, 0).expect("its next life");
    assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Client(None)));
    die(&mut ledger, NODE);
    ledger.queue(next, POOL, buffer(0)).expect("the old death is not the new life's");
}

#[test]
fn attach_says_what_is_held() {
    let mut ledger = ledger();
    assert_eq!(ledger.attach(NODE, POOL, 0x10), Err(FramesError::NoSuchBuffer));
    ledger.attach(NODE, POOL, 0b0101).expect("four buffers");
    let held = Owner::Client(Some(NODE.index()));
    let owners = [0, 1, 2, 3].map(|index| ledger.owner(POOL, buffer(index)));
    let free = Ok(Owner::Client(None));
    assert_eq!(owners, [Ok(held), free, Ok(held), free]);
    ledger.attach(NODE, POOL, 0b0100).expect("the same life, again");
    assert_eq!(ledger.owner(POOL, buffer(0)), free);
    ledger.queue(NODE, POOL, buffer(1)).expect("unused");
    assert_eq!(ledger.attach(NODE, POOL, 0b0010), Err(FramesError::WrongOwner));
}

#[test]
fn a_dead_driver_s_buffers_come_back_at_quiet_of_that_life_only() {
    let mut ledger = in_hardware(&[0, 1]);
    ledger.queue(NODE, POOL, buffer(2)).expect("unused");
    die(&mut ledger, DRIVER);
    let quarantined = Ok(Owner::Quarantined(DRIVER.index(), DRIVER.generation()));
    assert_eq!(ledger.owner(POOL, buffer(0)), quarantined);
    assert_eq!(ledger.cancel(NODE, POOL, buffer(0)), Err(FramesError::Busy));
    assert_eq!(ledger.finish_dma(DRIVER, POOL, buffer(0)), Err(FramesError::WrongOwner));
    ledger.cancel(NODE, POOL, buffer(2)).expect("hardware never had it");
    let task = DRIVER.index();
    for wrong in [Generation(4), Generation(6)] {
        assert_eq!(ledger.shut_windows(task, wrong), WindowSet(0));
        assert_eq!(ledger.quiet(task, wrong), (WindowSet(0), 0));
    }
    assert_eq!(ledger.shut_windows(task, DRIVER.generation()), WindowSet(0b11));
    assert_eq!(ledger.shut_windows(task, DRIVER.generation()), WindowSet(0), "shut once");
    assert_eq!(ledger.owner(POOL, buffer(0)), quarantined, "shut is not quiet");
    assert_eq!(ledger.quiet(task, DRIVER.generation()), (WindowSet(0), 2));
    assert_eq!(ledger.quiet(task, DRIVER.generation()), (WindowSet(0), 0), "released once");
    let all_free = OwnerCounts { client: 4, ..OwnerCounts::default() };
    assert_eq!(ledger.counts(POOL), Ok(all_free));
}

#[test]
fn windows_that_nobody_shut_are_shut_before_the_release() {
    let mut ledger = in_hardware(&[0, 3]);
    let quiet = ledger.quiet(DRIVER.index(), DRIVER.generation());
    assert_eq!(quiet, (WindowSet(0b11), 2));
}

#[test]
fn a_buffer_whose_node_died_stays_with_the_hardware_and_then_is_unused() {
    let mut ledger = in_hardware(&[0]);
    die(&mut ledger, NODE);
    assert_eq!(ledger.counts(POOL).map(|counts| counts.hardware), Ok(1));
    assert_eq!(ledger.finish_dma(DRIVER, POOL, buffer(0)), Ok(WindowSet(1)));
    assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Client(None)));
}

#[test]
fn what_an_old_life_of_the_node_queued_is_not_its_next_life_s() {
    let next = TaskId::new(NODE.index(), Generation(1));
    let mut ledger = in_hardware(&[0, 1]);
    die(&mut ledger, NODE);
    ledger.attach(next, POOL, 0).expect("its next life");
    ledger.finish_dma(DRIVER, POOL, buffer(0)).expect("in hardware");
    assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Client(None)), "nobody waits for it");
    ledger.queue(next, POOL, buffer(0)).expect("unused");
    ledger.start_dma(DRIVER, POOL, buffer(0), 1000, Direction::Write).expect("queued");
    ledger.finish_dma(DRIVER, POOL, buffer(0)).expect("in hardware");
    assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Done));
}

/// NODE has a buffer that CLIENT holds; OTHER_NODE has a pool of its own.
fn held_by_client() -> Ledger {
    let mut ledger = in_hardware(&[0]);
    ledger.finish_dma(DRIVER, POOL, buffer(0)).expect("in hardware");
    ledger.hand_out(NODE, POOL, buffer(0), CLIENT).expect("done");
    ledger.attach(OTHER_NODE, OTHER_POOL, 0).expect("free");
    ledger
}

#[test]
fn what_a_client_holds_another_node_reads_and_the_client_has_it_again() {
    let mut ledger = held_by_client();
    let b = buffer(0);
    for (node, holder, refused) in [
        (NODE, CLIENT, FramesError::NotAttached),
        (TaskId::new(TaskIndex(9), Generation(0)), CLIENT, FramesError::NotAttached),
        (OTHER_NODE, TaskIndex(14), FramesError::WrongOwner),
    ] {
        assert_eq!(ledger.import(node, POOL, b, holder), Err(refused));
    }
    assert_eq!(ledger.import(OTHER_NODE, POOL, b, CLIENT), Ok(()));
    assert_eq!(ledger.import(OTHER_NODE, POOL, b, CLIENT), Err(FramesError::WrongOwner));
    assert_eq!(ledger.queue(NODE, POOL, b), Err(FramesError::Busy), "not the exporter's now");
    let window = ledger.start_dma(DRIVER, POOL, b, 100, Direction::Read).expect("queued");
    assert_eq!((window.direction, window.base), (Direction::Read, BASE));
    assert_eq!(ledger.release(OTHER_NODE, POOL, b), Err(FramesError::Busy));
    ledger.finish_dma(DRIVER, POOL, b).expect("in hardware");
    assert_eq!(ledger.release(NODE, POOL, b), Err(FramesError::WrongOwner));
    assert_eq!(ledger.release(OTHER_NODE, POOL, b), Ok(()));
    assert_eq!(ledger.release(OTHER_NODE, POOL, b), Err(FramesError::WrongOwner));
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Client(Some(CLIENT))));
    ledger.queue(NODE, POOL, b).expect("the client gives it back");
}

#[test]
fn an_importer_that_dies_leaves_the_buffer_to_its_client_once_hardware_lets_go() {
    for started in [false, true] {
        let mut ledger = held_by_client();
        ledger.import(OTHER_NODE, POOL, buffer(0), CLIENT).expect("held");
        if started {
            ledger.start_dma(DRIVER, POOL, buffer(0), 100, Direction::Read).expect("queued");
        }
        die(&mut ledger, OTHER_NODE);
        if started {
            assert_eq!(ledger.counts(POOL).map(|counts| counts.hardware), Ok(1));
            ledger.finish_dma(DRIVER, POOL, buffer(0)).expect("in hardware");
        }
        assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Client(Some(CLIENT))));
    }
}

#[test]
fn an_exporter_that_dies_takes_nothing_from_its_importer() {
    let mut ledger = held_by_client();
    ledger.import(OTHER_NODE, POOL, buffer(0), CLIENT).expect("held");
    die(&mut ledger, NODE);
    ledger.start_dma(DRIVER, POOL, buffer(0), 100, Direction::Read).expect("its importer lives");
    die(&mut ledger, DRIVER);
    let quiet = ledger.quiet(DRIVER.index(), DRIVER.generation());
    assert_eq!(quiet, (WindowSet(1), 1));
    assert_eq!(ledger.release(OTHER_NODE, POOL, buffer(0)), Ok(()));
    assert_eq!(ledger.owner(POOL, buffer(0)), Ok(Owner::Client(Some(CLIENT))));
}

#[test]
fn a_client_lets_go_by_its_word_or_by_its_death() {
    let mut ledger = held_by_client();
    let (b, other) = (buffer(0), TaskIndex(14));
    assert_eq!(ledger.let_go(NODE, POOL, b, other), Err(FramesError::WrongOwner));
    assert_eq!(ledger.let_go(NODE, POOL, b, CLIENT), Ok(true));
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Client(None)));
    let mut ledger = held_by_client();
    die(&mut ledger, TaskId::new(CLIENT, Generation(0)));
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Client(None)));
    let mut ledger = held_by_client();
    ledger.import(OTHER_NODE, POOL, b, CLIENT).expect("held");
    die(&mut ledger, TaskId::new(CLIENT, Generation(0)));
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Queued), "hardware may be about to read it");
    ledger.release(OTHER_NODE, POOL, b).expect("queued");
    assert_eq!(ledger.owner(POOL, b), Ok(Owner::Client(None)));
}

/// The client looks at it meanwhile.
#[test]
fn hardware_cannot_write_what_was_imported_to_be_read() {
    let mut ledger = held_by_client();
    ledger.import(OTHER_NODE, POOL, buffer(0), CLIENT).expect("held");
    let written = ledger.start_dma(DRIVER, POOL, buffer(0), 100, Direction::Write);
    assert_eq!(written, Err(FramesError::WrongOwner));
    assert!(ledger.start_dma(DRIVER, POOL, buffer(0), 100, Direction::Read).is_ok());
}

const READER: TaskIndex = TaskIndex(14);
const OTHER_READER: TaskIndex = TaskIndex(15);

/// A picture that two readers have; its client has not taken it yet.
fn shared() -> Ledger {
    let mut ledger = in_hardware(&[0]);
    ledger.finish_dma(DRIVER, POOL, buffer(0)).expect("in hardware");
    ledger.share(NODE, POOL, buffer(0), READER).expect("done");
    ledger.share(NODE, POOL, buffer(0), OTHER_READER).expect("done");
    ledger
}

fn owner(ledger: &Ledger) -> Owner {
    ledger.owner(POOL, buffer(0)).expect("it exists")
}

#[test]
fn a_buffer_goes_back_when_its_last_holder_lets_go_in_any_order() {
    const ORDERS: [[TaskIndex; 3]; 6] = [
        [CLIENT, READER, OTHER_READER],
        [CLIENT, OTHER_READER, READER],
        [READER, CLIENT, OTHER_READER],
        [READER, OTHER_READER, CLIENT],
        [OTHER_READER, CLIENT, READER],
        [OTHER_READER, READER, CLIENT],
    ];
    for order in ORDERS {
        let mut ledger = shared();
        let b = buffer(0);
        ledger.hand_out(NODE, POOL, b, CLIENT).expect("done");
        for (step, holder) in order.into_iter().enumerate() {
            let refused =
                if holder == CLIENT && step < 2 { Err(FramesError::WrongOwner) } else { Ok(()) };
            if holder == CLIENT {
                assert_eq!(ledger.clone().queue(NODE, POOL, b), refused, "{order:?}");
                assert_eq!(ledger.let_go(NODE, POOL, b, CLIENT), Ok(step == 2));
            } else {
                assert_eq!(ledger.clone().queue(NODE, POOL, b), Err(FramesError::WrongOwner));
                assert_eq!(ledger.unshare(NODE, POOL, b, holder), Ok(()));
                assert_eq!(ledger.unshare(NODE, POOL, b, holder), Err(FramesError::WrongOwner));
            }
        }
        assert_eq!(owner(&ledger), Owner::Client(None));
        assert_eq!(ledger.queue(NODE, POOL, b), Ok(()));
    }
}

#[test]
fn a_reader_that_never_lets_go_is_named_and_nothing_is_taken_from_it() {
    let mut ledger = shared();
    let b = buffer(0);
    assert_eq!(owner(&ledger), Owner::Done, "the client can still have it");
    ledger.cancel(NODE, POOL, b).expect("stream off");
    assert_eq!(owner(&ledger), Owner::Client(Some(READER)));
    ledger.unshare(NODE, POOL, b, READER).expect("it reads");
    assert_eq!(owner(&ledger), Owner::Client(Some(OTHER_READER)));
    // Node and driver die; the next life of the node finds the reader where it was.
    die(&mut ledger, NODE);
    die(&mut ledger, DRIVER);
    let next = TaskId::new(NODE.index(), Generation(1));
    ledger.attach(next, POOL, 0).expect("its next life");
    assert_eq!(ledger.let_go(next, POOL, b, CLIENT), Ok(false));
    assert_eq!(ledger.queue(next, POOL, b), Err(FramesError::WrongOwner));
    die(&mut ledger, TaskId::new(OTHER_READER, Generation(0)));
    assert_eq!(ledger.queue(next, POOL, b), Ok(()));
}

#[test]
fn a_done_picture_stays_with_its_readers_when_its_node_dies() {
    let mut ledger = shared();
    die(&mut ledger, NODE);
    assert_eq!(owner(&ledger), Owner::Client(Some(READER)));
    let all = OwnerCounts { client: 4, ..OwnerCounts::default() };
    assert_eq!(ledger.counts(POOL), Ok(all));
}

#[test]
fn only_a_picture_of_the_pool_s_node_is_shared() {
    let mut ledger = attached();
    let b = buffer(0);
    assert_eq!(ledger.share(OTHER_NODE, POOL, b, READER), Err(FramesError::NotAttached));
    assert_eq!(ledger.share(NODE, POOL, buffer(4), READER), Err(FramesError::NoSuchBuffer));
    assert_eq!(ledger.share(NODE, PoolId(2), b, READER), Err(FramesError::NoSuchPool));
    ledger.queue(NODE, POOL, b).expect("unused");
    assert_eq!(ledger.share(NODE, POOL, b, READER), Err(FramesError::WrongOwner));
    ledger.start_dma(DRIVER, POOL, b, 1000, Direction::Write).expect("queued");
    assert_eq!(ledger.share(NODE, POOL, b, READER), Err(FramesError::Busy));
    die(&mut ledger, DRIVER);
    assert_eq!(ledger.share(NODE, POOL, b, READER), Err(FramesError::Busy));
    assert_eq!(ledger.unshare(OTHER_NODE, POOL, b, READER), Err(FramesError::NotAttached));
    assert_eq!(ledger.unshare(NODE, POOL, buffer(4), READER), Err(FramesError::NoSuchBuffer));
}

#[test]
fn there_is_room_for_so_many_readers_and_each_counts_once() {
    let mut ledger = shared();
    for _ in 0..2 {
        assert_eq!(ledger.share(NODE, POOL, buffer(0), READER), Ok(()), "it holds it already");
    }
    let more = (20..).map(TaskIndex).take(idl::types::READERS_MAX - 2);
    more.for_each(|reader| ledger.share(NODE, POOL, buffer(0), reader).expect("there is room"));
    let refused = ledger.share(NODE, POOL, buffer(0), TaskIndex(30));
    assert_eq!(refused, Err(FramesError::TooManyReaders));
    ledger.unshare(NODE, POOL, buffer(0), READER).expect("it reads");
    assert_eq!(ledger.share(NODE, POOL, buffer(0), TaskIndex(30)), Ok(()));
}

#[test]
fn readers_keep_a_picture_that_another_node_reads_too() {
    let mut ledger = held_by_client();
    let b = buffer(0);
    ledger.share(NODE, POOL, b, READER).expect("a client holds it");
    ledger.share(NODE, POOL, b, OTHER_READER).expect("a client holds it");
    ledger.import(OTHER_NODE, POOL, b, CLIENT).expect("held");
    ledger.unshare(NODE, POOL, b, READER).expect("also meanwhile");
    ledger.start_dma(DRIVER, POOL, b, 100, Direction::Read).expect("queued");
    die(&mut ledger, DRIVER);
    die(&mut ledger, OTHER_NODE);
    ledger.quiet(DRIVER.index(), DRIVER.generation());
    assert_eq!(owner(&ledger), Owner::Client(Some(CLIENT)));
    assert_eq!(ledger.let_go(NODE, POOL, b, CLIENT), Ok(false));
    assert_eq!(owner(&ledger), Owner::Client(Some(OTHER_READER)));
}

#[test]
fn names_outside_of_the_configuration_are_refused() {
    let mut ledger = attached();
    assert_eq!(ledger.pool(PoolId(2)), Err(FramesError::NoSuchPool));
    assert_eq!(ledger.counts(PoolId(255)), Err(FramesError::NoSuchPool));
    assert_eq!(ledger.queue(NODE, POOL, buffer(4)), Err(FramesError::NoSuchBuffer));
    assert_eq!(
        ledger.start_dma(DRIVER, POOL, buffer(255), 1, Direction::Write),
        Err(FramesError::NoSuchBuffer)
    );
}

#[test]
fn windows_run_out_with_an_answer() {
    let regions = [0x8000_0000, 0x1000, 0x8000_1000, 0x1000, 0x8000_2000, 0x1000];
    let mut ledger = Ledger::new(&PoolTable::new(&regions, &[8, 8, 8]));
    let mut answers = Vec::new();
    for pool in [0, 1, 2].map(PoolId) {
        ledger.attach(NODE, pool, 0).expect("free");
        for index in 0..8 {
            ledger.queue(NODE, pool, buffer(index)).expect("unused");
            answers.push(ledger.start_dma(DRIVER, pool, buffer(index), 32, Direction::Write).err());
        }
    }
    assert!(answers[..WINDOWS].iter().all(Option::is_none));
    assert!(answers[WINDOWS..].iter().all(|answer| *answer == Some(FramesError::NoWindow)));
}
