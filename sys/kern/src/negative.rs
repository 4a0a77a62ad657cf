//! Negative controls: builds that break one promise on purpose, so that the tests that guard it can
//! be seen to fail. `--cfg negative="NAME"`; a normal build has none of them.

/// `negative="generations"`: a death does not end the id.
pub(crate) const GENERATIONS: bool = !cfg!(negative = "generations");

/// `negative="mpu"`: the MPU stays off.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host has no MPU"))]
pub(crate) const MPU: bool = !cfg!(negative = "mpu");

/// `negative="watches"`: nobody learns of an edge.
pub(crate) const WATCHES: bool = !cfg!(negative = "watches");

/// `negative="kernel-fault"`: the kernel itself faults when a task does.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host takes no faults"))]
pub(crate) const SURVIVES_FAULTS: bool =
    !(cfg!(negative = "kernel-fault") || cfg!(negative = "lock-up"));

/// `negative="lock-up"`: the same, and so does the handler of that: the processor locks up.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host takes no faults"))]
pub(crate) const LEAVES_A_RECORD: bool = !cfg!(negative = "lock-up");

/// `negative="sends"`: anybody may send to anybody.
pub(crate) const SENDS: bool = !cfg!(negative = "sends");

/// `negative="fp-contexts"`: FP registers are not saved.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host has none"))]
pub(crate) const FP_CONTEXTS: bool = !cfg!(negative = "fp-contexts");
