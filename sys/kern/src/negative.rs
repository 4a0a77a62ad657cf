//! Negative controls: builds that break one promise on purpose, so that the tests that guard it can
//! be seen to fail. `--cfg negative="NAME"`; a normal build has none of them. Tests of the kernel
//! on the host break those that the host can keep for one thread, without another build.

/// `negative="panic"`: the kernel panics where it otherwise leaves a record.
pub(crate) const NEVER_PANICS: bool = !cfg!(negative = "panic");

/// `negative="mpu"`: the MPU stays off.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host has no MPU"))]
pub(crate) const MPU: bool = !cfg!(negative = "mpu");

/// `negative="stale-regions"`: the upper regions of a task stay in the MPU for the next one.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host has no MPU"))]
pub(crate) const CLEARS_REGIONS: bool = !cfg!(negative = "stale-regions");

/// `negative="kernel-fault"`: the kernel itself faults when a task does.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host takes no faults"))]
pub(crate) const SURVIVES_FAULTS: bool =
    !(cfg!(negative = "kernel-fault") || cfg!(negative = "lock-up"));

/// `negative="lock-up"`: the same, and so does the handler of that: the processor locks up.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host takes no faults"))]
pub(crate) const LEAVES_A_RECORD: bool = !cfg!(negative = "lock-up");

/// A promise that a thread of the tests can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// See [`generations`].
    Generations,
    /// See [`releases`].
    Releases,
    /// See [`watches`].
    Watches,
    /// See [`deaths`].
    Deaths,
    /// See [`sends`].
    Sends,
}

#[cfg(not(test))]
#[inline(always)]
const fn kept(_: Promise) -> bool {
    true
}

#[cfg(test)]
fn kept(promise: Promise) -> bool {
    crate::tests::broken() != Some(promise)
}

/// `negative="generations"`: a death does not end the id.
#[inline(always)]
pub(crate) fn generations() -> bool {
    !cfg!(negative = "generations") && kept(Promise::Generations)
}

/// `negative="releases"`: a death leaves those who wait for the dead waiting.
#[inline(always)]
pub(crate) fn releases() -> bool {
    !cfg!(negative = "releases") && kept(Promise::Releases)
}

/// `negative="watches"`: nobody learns of an edge.
#[inline(always)]
pub(crate) fn watches() -> bool {
    !cfg!(negative = "watches") && kept(Promise::Watches)
}

/// Broken by tests only: watchers learn of every edge but `died`.
#[inline(always)]
pub(crate) fn deaths() -> bool {
    kept(Promise::Deaths)
}

/// `negative="sends"`: anybody may send to anybody.
#[inline(always)]
pub(crate) fn sends() -> bool {
    !cfg!(negative = "sends") && kept(Promise::Sends)
}

/// `negative="fp-contexts"`: FP registers are not saved.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host has none"))]
pub(crate) const FP_CONTEXTS: bool = !cfg!(negative = "fp-contexts");
