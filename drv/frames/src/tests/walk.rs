//! A random walk over all operations, against a model that knows only who was told yes.

use super::*;

/// xorshift32: the same walk for the same seed.
struct Random(u32);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % bound
    }
}

/// What an onlooker concludes from the answers alone.
struct Onlooker {
    ledger: Ledger,
    /// Open windows as the firewall has them: number -> (base, end).
    windows: BTreeMap<u8, (u32, u32)>,
    /// Lives of the driver whose hardware may still write.
    unquiet: Vec<TaskId>,
    driver: TaskId,
    node: TaskId,
}

impl Onlooker {
    fn shut(&mut self, set: WindowSet) {
        for window in set.iter() {
            assert!(self.windows.remove(&window).is_some(), "window {window} was not open");
        }
    }

    fn step(&mut self, random: &mut Random) {
        let pool = if random.below(2) == 0 { POOL } else { OTHER_POOL };
        let b = buffer(random.below(9) as u8);
        let before = self.ledger.owner(pool, b);
        let moved = match random.below(11) {
            0 | 1 => self.ledger.queue(self.node, pool, b).is_ok(),
            2 | 3 => {
                let opened = self.ledger.start_dma(
                    self.driver,
                    pool,
                    b,
                    1 + random.below(600),
                    Direction::Write,
                );
                if let Ok(OpenWindow { window, base, bytes, .. }) = opened {
                    let old = self.windows.insert(window, (base, base + bytes));
                    assert_eq!(old, None, "window {window} was open");
                }
                opened.is_ok()
            }
            4 | 5 => {
                let shut = self.ledger.finish_dma(self.driver, pool, b);
                shut.into_iter().for_each(|set| self.shut(set));
                shut.is_ok()
            }
            6 => self.ledger.hand_out(self.node, pool, b, CLIENT).is_ok(),
            7 => self.ledger.cancel(self.node, pool, b).is_ok(),
            8 if random.below(10) == 0 => return self.driver_dies(),
            9 => return self.quiet(random),
            10 if random.below(10) == 0 => return self.node_dies(),
            _ => return,
        };
        let after = self.ledger.owner(pool, b);
        assert_eq!(moved, before != after || (moved && before == Ok(Owner::Client(None))));
    }

    fn driver_dies(&mut self) {
        die(&mut self.ledger, self.driver);
        self.unquiet.push(self.driver);
        let next = self.driver.generation().next().expect("a short walk");
        self.driver = TaskId::new(self.driver.index(), next);
    }

    fn node_dies(&mut self) {
        die(&mut self.ledger, self.node);
        let next = self.node.generation().next().expect("a short walk");
        self.node = TaskId::new(self.node.index(), next);
        for pool in [POOL, OTHER_POOL] {
            self.ledger.attach(self.node, pool, 0).expect("its own pool");
        }
    }

    fn quiet(&mut self, random: &mut Random) {
        let Some(&life) = self.unquiet.first() else { return };
        if random.below(2) == 0 {
            let shut = self.ledger.shut_windows(life.index(), life.generation());
            self.shut(shut);
        } else {
            let (shut, _) = self.ledger.quiet(life.index(), life.generation());
            self.shut(shut);
            self.unquiet.remove(0);
        }
    }

    /// Counts add up; a buffer in hardware has its window and no buffer of anybody else has one.
    fn check(&self) {
        let mut allowed = Vec::new();
        for pool in [POOL, OTHER_POOL] {
            let geometry = self.ledger.pool(pool).expect("configured");
            let counts = self.ledger.counts(pool).expect("configured");
            let OwnerCounts { client, queued, hardware, quarantined, done } = counts;
            assert_eq!(client + queued + hardware + quarantined + done, geometry.count);
            for index in 0..geometry.count {
                let base = geometry.base + u32::from(index) * geometry.buffer_bytes;
                let range = (base, base + geometry.buffer_bytes);
                let inside = |(low, high): (u32, u32)| range.0 <= low && high <= range.1;
                let open = self.windows.values().filter(|window| inside(**window)).count();
                match self.ledger.owner(pool, buffer(index)).expect("exists") {
                    Owner::Hardware(task, generation) => {
                        assert_eq!((TaskId::new(task, generation), open), (self.driver, 1));
                        allowed.push(range);
                    }
                    Owner::Quarantined(task, generation) => {
                        assert!(self.unquiet.contains(&TaskId::new(task, generation)));
                        assert!(open <= 1);
                        allowed.push(range);
                    }
                    _ => assert_eq!(open, 0, "a window over somebody's buffer"),
                }
            }
        }
        for (low, high) in self.windows.values() {
            assert!(allowed.iter().any(|range| range.0 <= *low && *high <= range.1));
        }
    }
}

#[test]
fn on_a_random_walk_counts_add_up_and_windows_cover_hardware_only() {
    for seed in 1..=40 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut onlooker = Onlooker {
            ledger: ledger(),
            windows: BTreeMap::new(),
            unquiet: Vec::new(),
            driver: DRIVER,
            node: NODE,
        };
        onlooker.node_dies();
        for _ in 0..2000 {
            onlooker.step(&mut random);
            onlooker.check();
        }
    }
}
