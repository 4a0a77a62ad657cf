//! The other clients, as the scenario commands them.

use userlib::{Received, TaskId, TaskIndex};

use crate::check::Failure;
use crate::clock::{self, Deadline};
use crate::protocol::{JOB_BYTES, Job, Outcome, REPORT, REPORT_BYTES, Report};
use crate::{ensure, failure};

/// Number of witnesses in the image.
pub const WITNESSES: usize = 3;

/// How long a witness may take to say hello, in microseconds.
const HELLO_US: u64 = 50_000;

/// How long a look at a witness takes, in microseconds: two ticks of the kernel.
const LOOK_US: u64 = 2_000;

#[derive(Clone, Copy)]
enum State {
    /// It has not sent anything yet.
    Unknown,
    /// It has done its job and waits for the next.
    Waiting(TaskId, Report),
    /// It works.
    Working,
}

/// All witnesses.
pub struct Witnesses {
    tasks: [TaskIndex; WITNESSES],
    states: [State; WITNESSES],
    timer: u32,
}

impl Witnesses {
    /// These tasks; `timer` is the notification of the scenario's timer.
    #[must_use]
    pub const fn new(tasks: [TaskIndex; WITNESSES], timer: u32) -> Self {
        Self { tasks, states: [State::Unknown; WITNESSES], timer }
    }

    /// The task of a witness.
    #[must_use]
    pub const fn task(&self, witness: usize) -> TaskIndex {
        self.tasks[witness]
    }

    /// A new life of the witness has said nothing yet.
    pub fn renew(&mut self, witness: usize) {
        self.states[witness] = State::Unknown;
    }

    /// Gives a witness a job. It runs when the scenario waits.
    ///
    /// # Errors
    /// If the witness has not reported on its last job.
    pub fn start(&mut self, witness: usize, job: Job) -> Result<(), Failure> {
        self.wait(witness, HELLO_US)?;
        let State::Waiting(id, _) = self.states[witness] else {
            return Err(failure!("witness {witness} is not ready for {job:?}"));
        };
        let mut bytes = [0; JOB_BYTES];
        let length = hubpack::serialize(&mut bytes, &job)
            .map_err(|error| failure!("job {job:?}: {error:?}"))?;
        self.states[witness] = State::Working;
        userlib::sys_reply(id, 0, &bytes[..length]);
        Ok(())
    }

    /// The report on the job of a witness.
    ///
    /// # Errors
    /// If it does not come within that time.
    pub fn report(&mut self, witness: usize, within_us: u64) -> Result<Report, Failure> {
        self.wait(witness, within_us)?;
        match self.states[witness] {
            State::Waiting(_, report) => Ok(report),
            _ => Err(failure!("witness {witness} did not return within {within_us} us")),
        }
    }

    /// Whether a witness is still busy with its job; takes the reports that have come.
    #[must_use]
    pub fn is_working(&mut self, witness: usize) -> bool {
        // Notifications come before messages: the timer must not have fired yet.
        let _ = self.wait(witness, LOOK_US);
        matches!(self.states[witness], State::Working)
    }

    /// A job from start to end.
    ///
    /// # Errors
    /// As [`Witnesses::start`] and [`Witnesses::report`].
    pub fn ask(&mut self, witness: usize, job: Job, within_us: u64) -> Result<Outcome, Failure> {
        self.start(witness, job)?;
        self.report(witness, within_us).map(|report| report.outcome)
    }

    /// Receives until the witness waits for a job or the time is over.
    fn wait(&mut self, witness: usize, within_us: u64) -> Result<(), Failure> {
        let deadline = Deadline::after(within_us);
        let mut bytes = [0; REPORT_BYTES];
        while !matches!(self.states[witness], State::Waiting(..)) {
            clock::arm(deadline, self.timer);
            match userlib::sys_recv_open(&mut bytes, self.timer) {
                Received::Notification(_) if deadline.is_over() => break,
                Received::Notification(_) => {}
                Received::Message(message) => {
                    let length = message.len.min(bytes.len());
                    self.take(message.sender, message.op, &bytes[..length])?;
                }
            }
        }
        clock::disarm();
        Ok(())
    }

    fn take(&mut self, sender: TaskId, op: u16, bytes: &[u8]) -> Result<(), Failure> {
        let known = self.tasks.iter().position(|task| *task == sender.index());
        let report = hubpack::deserialize::<Report>(bytes);
        let (Some(witness), Ok((report, _))) = (known, report) else {
            return Err(failure!("a message of {:?} that makes no sense", sender.index()));
        };
        ensure!(op == REPORT, "witness {witness} sent op {op}");
        self.states[witness] = State::Waiting(sender, report);
        Ok(())
    }
}
