//! Whatever tasks ask for and whoever dies: the ledger says of each buffer what an onlooker concludes
//! from the answers and the deaths alone, counts add up, and a window is open over exactly the buffers
//! that hardware has or may still have, in the direction that was asked for.

use drv_frames::{Direction, Ledger, OpenWindow, PoolTable, WindowSet};
use idl::types::{BufferIndex, Generation, Owner, OwnerCounts, PoolId, TaskIndex};
use proptest::prelude::*;
use std::collections::BTreeMap;
use sys_abi::TaskId;

const BASE: u32 = 0x8001_0000;
const BUFFER_BYTES: u32 = 1024;
const COUNT: u8 = 3;
/// Longest sequence.
const STEPS: usize = 120;

/// Tasks of the walk; each has a life.
const NODES: [u8; 2] = [7, 8];
const DRIVER: u8 = 3;
const CLIENTS: [u8; 2] = [13, 14];

/// Pool 0 or 1 and a buffer: node 0 has pool 0, node 1 has pool 1.
type Place = (u8, u8);

#[derive(Clone, Copy, Debug)]
enum Step {
    Queue(Place),
    Import(Place, u8),
    Start(Place, bool),
    Finish(Place),
    HandOut(Place, u8),
    Cancel(Place),
    Release(Place),
    LetGo(Place, u8),
    Share(Place, u8),
    Unshare(Place, u8),
    NodeDies(u8),
    ClientDies(u8),
    DriverDies,
    ShutWindows,
    Quiet,
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (0..2_u8, 0..COUNT);
    prop_oneof![
        6 => place().prop_map(Step::Queue),
        4 => (place(), 0..2_u8).prop_map(|(at, client)| Step::Import(at, client)),
        6 => (place(), any::<bool>()).prop_map(|(at, reads)| Step::Start(at, reads)),
        5 => place().prop_map(Step::Finish),
        5 => (place(), 0..2_u8).prop_map(|(at, client)| Step::HandOut(at, client)),
        2 => place().prop_map(Step::Cancel),
        4 => place().prop_map(Step::Release),
        1 => (place(), 0..2_u8).prop_map(|(at, client)| Step::LetGo(at, client)),
        3 => (place(), 0..2_u8).prop_map(|(at, reader)| Step::Share(at, reader)),
        3 => (place(), 0..2_u8).prop_map(|(at, reader)| Step::Unshare(at, reader)),
        1 => (0..2_u8).prop_map(Step::NodeDies),
        1 => (0..2_u8).prop_map(Step::ClientDies),
        1 => Just(Step::DriverDies),
        1 => Just(Step::ShutWindows),
        2 => Just(Step::Quiet),
    ]
}

/// Where the onlooker thinks a buffer is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Client(Option<u8>),
    Queued,
    Hardware(TaskId),
    Quarantined(TaskId),
    Done,
}

/// The onlooker's notes on a buffer.
#[derive(Clone, Copy, Debug)]
struct Notes {
    seen: Seen,
    /// It is imported: whose it is again after that, and whether the importer still lives.
    visit: Option<(Option<u8>, bool)>,
    window: Option<(u8, Direction)>,
    /// The node that queued it died while hardware had it.
    orphan: bool,
    /// Which of the clients read it.
    readers: [bool; 2],
}

impl Notes {
    /// Who is named as its holder.
    fn holder(&self) -> Option<u8> {
        let reader = || CLIENTS.into_iter().zip(self.readers).find(|(_, reads)| *reads);
        match self.seen {
            Seen::Client(holder) => holder.or_else(|| reader().map(|(task, _)| task)),
            _ => None,
        }
    }

    fn is_read(&self) -> bool {
        self.readers.contains(&true)
    }

    fn end_visit(&mut self) {
        if let Some((holder, _)) = self.visit.take() {
            self.seen = Seen::Client(holder);
        }
    }
}

struct Walk {
    ledger: Ledger,
    notes: BTreeMap<Place, Notes>,
    lives: BTreeMap<u8, Generation>,
    /// Ended lives of the driver that are not known to be quiet.
    unquiet: Vec<TaskId>,
}

impl Walk {
    fn new() -> Self {
        let bytes = u32::from(COUNT) * BUFFER_BYTES;
        let count = u32::from(COUNT);
        let regions = [BASE, bytes, BASE + 0x10000, bytes];
        let empty = Notes {
            seen: Seen::Client(None),
            visit: None,
            window: None,
            orphan: false,
            readers: [false; 2],
        };
        let places = (0..2).flat_map(|pool| (0..COUNT).map(move |buffer| (pool, buffer)));
        let tasks = NODES.into_iter().chain(CLIENTS).chain([DRIVER]);
        let mut walk = Self {
            ledger: Ledger::new(&PoolTable::new(&regions, &[count, count])),
            notes: places.map(|place| (place, empty)).collect(),
            lives: tasks.map(|task| (task, Generation(0))).collect(),
            unquiet: Vec::new(),
        };
        (0..2).for_each(|pool| walk.attach(pool));
        walk
    }

    fn life(&self, task: u8) -> TaskId {
        TaskId::new(TaskIndex(task), self.lives[&task])
    }

    fn attach(&mut self, pool: u8) {
        let node = self.life(NODES[usize::from(pool)]);
        self.ledger.attach(node, PoolId(pool), 0).expect("its own pool");
    }

    fn note(&mut self, place: Place) -> &mut Notes {
        self.notes.get_mut(&place).expect("each place is noted")
    }

    fn shut(&mut self, set: WindowSet) {
        for number in set.iter() {
            let mut all = self.notes.values_mut();
            let open = all.find(|notes| notes.window.is_some_and(|(window, _)| window == number));
            open.expect("only open windows are shut").window = None;
        }
    }

    fn take(&mut self, step: Step) {
        let name = |(pool, buffer): Place| (PoolId(pool), BufferIndex(buffer));
        match step {
            Step::Queue(place) => {
                let (pool, buffer) = name(place);
                let node = self.life(NODES[usize::from(place.0)]);
                let queued = self.ledger.queue(node, pool, buffer);
                let notes = self.note(place);
                let free = notes.visit.is_none() && !notes.is_read();
                assert_eq!(queued.is_ok(), free && matches!(notes.seen, Seen::Client(_)));
                if queued.is_ok() {
                    notes.seen = Seen::Queued;
                }
            }
            Step::Import(place, client) => {
                let (pool, buffer) = name(place);
                let client = CLIENTS[usize::from(client)];
                let importer = self.life(NODES[usize::from(1 - place.0)]);
                let imported = self.ledger.import(importer, pool, buffer, TaskIndex(client));
                let notes = self.note(place);
                assert_eq!(imported.is_ok(), notes.seen == Seen::Client(Some(client)));
                if imported.is_ok() {
                    *notes =
                        Notes { seen: Seen::Queued, visit: Some((Some(client), true)), ..*notes };
                }
            }
            Step::Start(place, reads) => self.start(place, reads),
            Step::Finish(place) => {
                let (pool, buffer) = name(place);
                let driver = self.life(DRIVER);
                let finished = self.ledger.finish_dma(driver, pool, buffer);
                assert_eq!(finished.is_ok(), self.note(place).seen == Seen::Hardware(driver));
                if let Ok(set) = finished {
                    self.shut(set);
                    let notes = self.note(place);
                    let orphan = std::mem::take(&mut notes.orphan);
                    notes.seen = if orphan { Seen::Client(None) } else { Seen::Done };
                    if matches!(notes.visit, Some((_, false))) {
                        notes.end_visit();
                    }
                }
            }
            Step::HandOut(place, client) => {
                let (pool, buffer) = name(place);
                let (node, client) =
                    (self.life(NODES[usize::from(place.0)]), CLIENTS[usize::from(client)]);
                if self.ledger.hand_out(node, pool, buffer, TaskIndex(client)).is_ok() {
                    let notes = self.note(place);
                    assert_eq!((notes.seen, notes.visit), (Seen::Done, None));
                    notes.seen = Seen::Client(Some(client));
                }
            }
            Step::Cancel(place) => {
                let (pool, buffer) = name(place);
                let node = self.life(NODES[usize::from(place.0)]);
                if self.ledger.cancel(node, pool, buffer).is_ok() {
                    let notes = self.note(place);
                    assert!(notes.visit.is_none());
                    assert!(matches!(notes.seen, Seen::Queued | Seen::Done | Seen::Client(None)));
                    notes.seen = Seen::Client(None);
                }
            }
            Step::Release(place) => {
                let (pool, buffer) = name(place);
                let importer = self.life(NODES[usize::from(1 - place.0)]);
                if self.ledger.release(importer, pool, buffer).is_ok() {
                    let notes = self.note(place);
                    assert!(matches!(notes.visit, Some((_, true))));
                    assert!(matches!(notes.seen, Seen::Queued | Seen::Done));
                    notes.end_visit();
                }
            }
            Step::LetGo(place, client) => {
                let (pool, buffer) = name(place);
                let (node, client) =
                    (self.life(NODES[usize::from(place.0)]), CLIENTS[usize::from(client)]);
                if let Ok(free) = self.ledger.let_go(node, pool, buffer, TaskIndex(client)) {
                    let notes = self.note(place);
                    let own = [Seen::Client(None), Seen::Client(Some(client))];
                    assert!(own.contains(&notes.seen));
                    notes.seen = Seen::Client(None);
                    assert_eq!(free, !notes.is_read());
                }
            }
            Step::Share(place, reader) => {
                let ((pool, buffer), task) = (name(place), CLIENTS[usize::from(reader)]);
                let node = self.life(NODES[usize::from(place.0)]);
                let shared = self.ledger.share(node, pool, buffer, TaskIndex(task));
                let notes = self.note(place);
                let has_picture = matches!(notes.seen, Seen::Done | Seen::Client(_));
                assert_eq!(shared.is_ok(), has_picture && notes.visit.is_none());
                notes.readers[usize::from(reader)] |= shared.is_ok();
            }
            Step::Unshare(place, reader) => {
                let ((pool, buffer), task) = (name(place), CLIENTS[usize::from(reader)]);
                let node = self.life(NODES[usize::from(place.0)]);
                let unshared = self.ledger.unshare(node, pool, buffer, TaskIndex(task));
                let reads = &mut self.note(place).readers[usize::from(reader)];
                assert_eq!(unshared.is_ok(), std::mem::take(reads));
            }
            Step::NodeDies(node) => self.node_dies(node),
            Step::ClientDies(client) => self.client_dies(CLIENTS[usize::from(client)]),
            Step::DriverDies => self.driver_dies(),
            Step::ShutWindows => {
                if let Some(life) = self.unquiet.first().copied() {
                    let set = self.ledger.shut_windows(life.index(), life.generation());
                    self.shut(set);
                }
            }
            Step::Quiet => self.quiet(),
        }
    }

    fn start(&mut self, place: Place, reads: bool) {
        let direction = if reads { Direction::Read } else { Direction::Write };
        let (driver, pool, buffer) = (self.life(DRIVER), PoolId(place.0), BufferIndex(place.1));
        let started = self.ledger.start_dma(driver, pool, buffer, 1000, direction);
        let notes = self.note(place);
        let harmless = reads || notes.visit.is_none();
        assert_eq!(started.is_ok(), notes.seen == Seen::Queued && harmless, "windows for all");
        if let Ok(OpenWindow { window, base, bytes, direction: opened }) = started {
            assert_eq!(opened, direction);
            let start = BASE + u32::from(place.0) * 0x10000 + u32::from(place.1) * BUFFER_BYTES;
            assert_eq!((base, bytes), (start, 1024));
            let before = notes.window.replace((window, opened));
            assert!(before.is_none(), "one window a buffer");
            notes.seen = Seen::Hardware(driver);
            assert!(reads || !notes.is_read(), "hardware writes what somebody reads");
        }
    }

    fn end(&mut self, task: u8) -> TaskId {
        let life = self.life(task);
        self.ledger.died(life.index(), life.generation());
        let next = life.generation().next().expect("a short walk");
        self.lives.insert(task, next);
        life
    }

    fn node_dies(&mut self, node: u8) {
        self.end(NODES[usize::from(node)]);
        for (place, notes) in &mut self.notes {
            let idle = matches!(notes.seen, Seen::Queued | Seen::Done);
            match &mut notes.visit {
                Some((_, lives)) if place.0 != node => {
                    *lives = false;
                    if idle {
                        notes.end_visit();
                    }
                }
                None if place.0 == node && idle => notes.seen = Seen::Client(None),
                None if place.0 == node => {
                    let used = matches!(notes.seen, Seen::Hardware(_) | Seen::Quarantined(_));
                    notes.orphan |= used;
                }
                _ => {}
            }
        }
        self.attach(node);
    }

    fn client_dies(&mut self, client: u8) {
        self.end(client);
        for notes in self.notes.values_mut() {
            for (reads, task) in notes.readers.iter_mut().zip(CLIENTS) {
                *reads &= task != client;
            }
            if notes.seen == Seen::Client(Some(client)) {
                notes.seen = Seen::Client(None);
            }
            if let Some((holder, _)) = &mut notes.visit {
                *holder = holder.filter(|holder| *holder != client);
            }
        }
    }

    fn driver_dies(&mut self) {
        let life = self.end(DRIVER);
        self.unquiet.push(life);
        for notes in self.notes.values_mut() {
            if notes.seen == Seen::Hardware(life) {
                notes.seen = Seen::Quarantined(life);
            }
        }
    }

    fn quiet(&mut self) {
        if self.unquiet.is_empty() {
            return;
        }
        let life = self.unquiet.remove(0);
        let (set, released) = self.ledger.quiet(life.index(), life.generation());
        self.shut(set);
        let mut expected = 0;
        for notes in self.notes.values_mut().filter(|it| it.seen == Seen::Quarantined(life)) {
            expected += 1;
            notes.orphan = false;
            match notes.visit {
                Some((_, true)) => notes.seen = Seen::Done,
                Some((_, false)) => notes.end_visit(),
                None => notes.seen = Seen::Client(None),
            }
        }
        assert_eq!(released, expected);
    }

    fn check(&self) {
        for pool in [0, 1] {
            let counts = self.ledger.counts(PoolId(pool)).expect("configured");
            let OwnerCounts { client, queued, hardware, quarantined, done } = counts;
            assert_eq!(client + queued + hardware + quarantined + done, COUNT);
        }
        let mut windows: Vec<u8> = Vec::new();
        for (place, notes) in &self.notes {
            let owner = self.ledger.owner(PoolId(place.0), BufferIndex(place.1)).expect("exists");
            let seen = match owner {
                Owner::Client(holder) => Seen::Client(holder.map(|task| task.0)),
                Owner::Queued => Seen::Queued,
                Owner::Hardware(task, life) => Seen::Hardware(TaskId::new(task, life)),
                Owner::Quarantined(task, life) => Seen::Quarantined(TaskId::new(task, life)),
                Owner::Done => Seen::Done,
            };
            match notes.seen {
                Seen::Client(_) => assert_eq!(seen, Seen::Client(notes.holder()), "{place:?}"),
                other => assert_eq!(seen, other, "{place:?}"),
            }
            match notes.seen {
                Seen::Hardware(_) => assert!(notes.window.is_some(), "{place:?}"),
                Seen::Quarantined(_) => {}
                _ => assert!(notes.window.is_none(), "a window over somebody's buffer {place:?}"),
            }
            windows.extend(notes.window.map(|(window, _)| window));
        }
        windows.sort_unstable();
        assert!(windows.windows(2).all(|pair| pair[0] != pair[1]), "a window twice");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_says_what_an_onlooker_concludes(steps in prop::collection::vec(step(), 1..STEPS)) {
        let mut walk = Walk::new();
        for step in steps {
            walk.take(step);
            walk.check();
        }
    }

    #[test]
    fn when_everybody_has_died_every_buffer_is_nobody_s(steps in prop::collection::vec(step(), 1..STEPS)) {
        let mut walk = Walk::new();
        steps.into_iter().for_each(|step| walk.take(step));
        walk.driver_dies();
        (0..2).for_each(|node| walk.node_dies(node));
        CLIENTS.into_iter().for_each(|client| walk.client_dies(client));
        while !walk.unquiet.is_empty() {
            walk.quiet();
        }
        walk.check();
        for pool in [0, 1] {
            let all_free = OwnerCounts { client: COUNT, ..OwnerCounts::default() };
            prop_assert_eq!(walk.ledger.counts(PoolId(pool)), Ok(all_free));
        }
        let free = |notes: &Notes| notes.holder().is_none() && notes.window.is_none();
        prop_assert!(walk.notes.values().all(free));
    }
}
