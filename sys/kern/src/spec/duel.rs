//! The kernel and the specification side by side, step by step.
//!
//! The same bytes mean the same walk for the property tests, for the fuzzer and for the corpus: an
//! image ([`super::plan`]), then steps of sixteen bytes ([`super::step`]).

use super::plan::{PLAN_BYTES, Plan, ram};
use super::step::{Draw, STEP_BYTES, Step};
use super::{Halt, Spec};
use crate::arch::Arch;
use crate::arch::host::Host;
use crate::kernel::Kernel;
use crate::task::{Member, NEVER_US, State, Task};
use crate::watch::WatchQueue;
use sys_abi::{CrashKind, CrashRecord, SchedState, TaskId, TaskIndex};

/// Most steps of a walk; further bytes are not looked at.
const STEPS_MAX: usize = 400;

/// Lines that may be delivered behind one step: each is masked by its delivery.
const DELIVERIES_MAX: usize = 8;

/// With this as its last byte a step may end everything; otherwise such a step is left out, so
/// that walks are long.
const FATAL: u8 = 255;

/// What a walk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// System calls.
    pub calls: u64,
    /// Lives that ended.
    pub deaths: u64,
    /// Walks that a crash or a reset ended, as the specification wants it.
    pub halts: u64,
}

/// Where kernel and specification differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Number of the step.
    pub step: usize,
    /// What differs, and both values.
    pub what: String,
    /// All steps up to this one.
    pub trace: String,
}

impl core::fmt::Display for Difference {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "step {}: {}\n{}", self.step, self.what, self.trace)
    }
}

/// Walks where the bytes say.
///
/// # Errors
/// The first difference.
pub fn run(bytes: &[u8]) -> Result<Walk, Box<Difference>> {
    let mut image = [0; PLAN_BYTES];
    let head = bytes.len().min(PLAN_BYTES);
    image[..head].copy_from_slice(&bytes[..head]);
    let plan = Plan::draw(image);
    let mut tasks: Vec<_> =
        (0..plan.descs.len() as u8).map(|index| Task::new(TaskIndex(index))).collect();
    let mut watches = vec![WatchQueue::EMPTY; plan.watches.len()];
    let mut kernel = Kernel::new(plan.host(), plan.tables(), &mut tasks, &mut watches);
    for (task, life) in kernel.tasks.iter_mut().zip(&plan.lives).filter(|(task, _)| task.is_live())
    {
        task.id = TaskId::new(task.id.index(), *life);
        task.live = task.id;
    }
    kernel.start();
    let mut duel = Duel { kernel, spec: Spec::boot(&plan), walk: Walk::default(), trace: vec![] };
    duel.compare("boot")?;
    let (chunks, _) = bytes[head..].as_chunks::<STEP_BYTES>();
    for chunk in chunks.iter().take(STEPS_MAX) {
        if !duel.draw(*chunk)? {
            break;
        }
    }
    Ok(duel.walk)
}

type Outcome<T = ()> = Result<T, Box<Difference>>;

struct Duel<'p> {
    kernel: Kernel<'p, Host>,
    spec: Spec<'p>,
    walk: Walk,
    /// Who did what, for the report.
    trace: Vec<(usize, Step)>,
}

impl Duel<'_> {
    /// Takes what the bytes mean here. False: the end.
    fn draw(&mut self, bytes: [u8; STEP_BYTES]) -> Outcome<bool> {
        let steps = Draw::new(&self.spec, bytes).steps();
        let fatal = bytes[STEP_BYTES - 1] == FATAL;
        for step in steps {
            let mut after = self.spec.clone();
            let halt = specified(&mut after, &step);
            if halt.is_err() && !fatal {
                return Ok(true);
            }
            self.trace.push((self.spec.current, step.clone()));
            if let Err(halt) = halt {
                self.walk.halts += 1;
                self.halt(&step, halt)?;
                return Ok(false);
            }
            let generations = |spec: &Spec<'_>| -> u64 {
                spec.tasks.iter().map(|task| u64::from(task.generation)).sum()
            };
            self.walk.deaths += generations(&after) - generations(&self.spec);
            self.spec = after;
            real(&mut self.kernel, &step);
            self.walk.calls += u64::from(matches!(step, Step::Syscall(_)));
            self.compare("after it")?;
            self.deliver()?;
        }
        Ok(true)
    }

    /// The interrupt controller delivers what is enabled and pending.
    fn deliver(&mut self) -> Outcome {
        for _ in 0..DELIVERIES_MAX {
            let both = self.spec.enabled.intersection(&self.spec.pending).next();
            let Some(irq) = both.copied() else { return Ok(()) };
            self.spec.pending.remove(&irq);
            self.kernel.arch.pending.remove(&irq);
            self.same("a delivery halts", &self.spec.clone().interrupt(irq), &Ok(()))?;
            let _goes_on = self.spec.interrupt(irq);
            self.kernel.interrupt(irq);
            self.compare("after the delivery of a line")?;
        }
        Err(self.difference("lines are delivered again and again".into()))
    }

    /// The kernel must end everything, too, and leave the right record.
    fn halt(&mut self, step: &Step, halt: Halt) -> Outcome {
        // Where a panic aborts, as under the fuzzer, the end cannot be watched.
        if cfg!(fuzzing) {
            return Ok(());
        }
        let kernel = core::panic::AssertUnwindSafe(&mut self.kernel);
        let ended = std::panic::catch_unwind(|| {
            let kernel = kernel;
            real(kernel.0, step);
        });
        self.same("it goes on", &ended.is_err(), &true)?;
        let record = match halt {
            Halt::Reset => None,
            Halt::Crash(kind, task, fault) => Some(self.record(kind, task, fault)),
        };
        self.same("the crash record", &self.kernel.arch.crashed, &record)
    }

    fn record(
        &self,
        kind: CrashKind,
        task: TaskId,
        fault: Option<sys_abi::FaultInfo>,
    ) -> CrashRecord {
        let mut encoded = [0; 16];
        if let Some(fault) = fault {
            hubpack::serialize(&mut encoded, &fault).expect("room for any fault");
        }
        let sp = ram(task.index().0.into()) + super::plan::RAM_BYTES / 2;
        let pc = self.spec.read(sp + 24, 4).try_into().expect("four bytes");
        let (now_us, image_id) = (self.spec.now_us, super::plan::IMAGE_ID);
        CrashRecord {
            magic: CrashRecord::MAGIC,
            kind: kind as u32,
            task: task.0,
            detail: 0,
            status: 0,
            address: 0,
            pc: u32::from_le_bytes(pc),
            sp,
            time_us_lo: now_us as u32,
            time_us_hi: (now_us >> 32) as u32,
            fault: encoded,
            image_id_lo: image_id as u32,
            image_id_hi: (image_id >> 32) as u32,
        }
    }

    fn difference(&self, what: String) -> Box<Difference> {
        let lines = self.trace.iter().map(|(who, step)| format!("  task {who}: {step:x?}\n"));
        let step = self.trace.len();
        Box::new(Difference { step, what, trace: lines.collect() })
    }

    fn same<T: PartialEq + core::fmt::Debug>(&self, what: &str, real: &T, spec: &T) -> Outcome {
        if real == spec {
            return Ok(());
        }
        Err(self.difference(format!("{what}: the kernel has {real:x?}, specified is {spec:x?}")))
    }

    /// Everything that can be observed.
    fn compare(&self, when: &str) -> Outcome {
        let Self { kernel, spec, .. } = self;
        self.same("who runs", &kernel.current().position(), &spec.current)?;
        for task in 0..spec.tasks.len() {
            self.compare_task(when, task)?;
        }
        self.same("enabled lines", &kernel.arch.enabled, &spec.enabled)?;
        self.same("pending lines", &kernel.arch.pending, &spec.pending)?;
        self.same("dropped interrupts", &kernel.dropped_interrupts, &spec.dropped)?;
        for (base, bytes) in &spec.memory {
            let real = (base, kernel.arch.bytes(*base, bytes.len()));
            self.same("memory", &real, &(base, bytes.as_slice()))?;
        }
        Ok(())
    }

    fn compare_task(&self, when: &str, index: usize) -> Outcome {
        let (real, spec) = (&self.kernel.tasks[index], &self.spec.tasks[index]);
        let same = |what: &str, real: &dyn core::fmt::Debug, spec: &dyn core::fmt::Debug| {
            let (real, spec) = (format!("{real:x?}"), format!("{spec:x?}"));
            self.same(&format!("{when}, {what} of task {index}"), &real, &spec)
        };
        if real.id.generation().0 != spec.generation || real.is_live() != self.spec.lives(index) {
            let spec = (spec.generation, self.spec.lives(index));
            return same("life", &(real.id.generation().0, real.is_live()), &spec);
        }
        let end = real.end.map(|end| (end.fault, end.original.sched()));
        if real.state.sched() != spec.doing || end != spec.end || real.cause != spec.cause {
            let real = (real.state, end, real.cause);
            return same("state", &real, &(spec.doing, spec.end, spec.cause));
        }
        if (real.state == State::Down) != spec.end.is_some() {
            return same("end", &real.state, &spec.end);
        }
        if spec.doing == SchedState::Runnable && real.saved.r != spec.registers {
            return same("registers", &real.saved.r, &spec.registers);
        }
        // What a task that is down has no use for is cleared when its next life begins.
        let deadline_us =
            if real.is_live() { spec.deadline_us.unwrap_or(NEVER_US) } else { real.deadline_us };
        if (real.notifications, real.deadline_us) != (spec.bits, deadline_us) {
            let real = (real.notifications, real.deadline_us);
            return same("bits and timer", &real, &(spec.bits, deadline_us));
        }
        let running = self.kernel.current() == Member(index as u32);
        let cycles_left = self.kernel.arch.cycles_left();
        let open = self.kernel.switched_at.wrapping_sub(cycles_left);
        let cycles = real.cpu_cycles + if running { u64::from(open) } else { 0 };
        let cpu_us = cycles / u64::from(self.kernel.arch.cycles_per_us());
        let died_us = self.kernel.arch.us_at(real.died_tick_us, real.died_counter);
        let real = (real.entries, real.switches, cpu_us, real.since_ticks, died_us);
        let since = spec.since_tick as u32;
        let spec = (spec.entries, spec.switches, spec.cpu_us, since, spec.died_us);
        if real == spec { Ok(()) } else { same("counters", &real, &spec) }
    }
}

fn specified(spec: &mut Spec<'_>, step: &Step) -> Result<(), Halt> {
    match step {
        Step::Write(offset, bytes) => spec.write(ram(spec.current) + offset, bytes),
        Step::Syscall(registers) => {
            spec.tasks[spec.current].registers = *registers;
            return spec.syscall();
        }
        Step::Fault(fault) => return spec.hardware_fault(*fault),
        Step::Pass(us) => {
            spec.pass(*us);
            return spec.tick();
        }
        Step::Raise(irq) => {
            spec.pending.insert(*irq);
        }
        Step::Interrupt(irq) => return spec.interrupt(*irq),
    }
    Ok(())
}

fn real(kernel: &mut Kernel<'_, Host>, step: &Step) {
    let me = kernel.current();
    match step {
        Step::Write(offset, bytes) => {
            let base = ram(me.position()) + offset;
            kernel.arch.bytes_mut(base, bytes.len()).copy_from_slice(bytes);
        }
        Step::Syscall(registers) => {
            kernel.task_mut(me).saved.r = *registers;
            kernel.syscall();
        }
        Step::Fault(fault) => kernel.hardware_fault(*fault),
        Step::Pass(us) => {
            kernel.arch.now_us += us;
            kernel.tick();
        }
        Step::Raise(irq) => {
            kernel.arch.pending.insert(*irq);
        }
        Step::Interrupt(irq) => kernel.interrupt(*irq),
    }
}
