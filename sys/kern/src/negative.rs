//! Negative controls: builds that break one promise on purpose, so that the tests that guard it can
//! be seen to fail. `--cfg negative="NAME"`; a normal build has none of them.

/// `negative="generations"`: a death does not end the id.
pub(crate) const GENERATIONS: bool = !cfg!(negative = "generations");

/// `negative="panic"`: the kernel panics where it otherwise leaves a record.
pub(crate) const NEVER_PANICS: bool = !cfg!(negative = "panic");

/// `negative="mpu"`: the MPU stays off.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host has no MPU"))]
pub(crate) const MPU: bool = !cfg!(negative = "mpu");

/// `negative="watches"`: nobody learns of an edge.
pub(crate) const WATCHES: bool = !cfg!(negative = "watches");

/// `negative="deaths"`: watchers learn of every edge but `died`.
pub(crate) const DEATHS: bool = !cfg!(negative = "deaths");

/// `negative="kernel-fault"`: the kernel itself faults when a task does.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "the host takes no faults"))]
pub(crate) const SURVIVES_FAULTS: bool = !cfg!(negative = "kernel-fault");

/// `negative="sends"`: anybody may send to anybody.
pub(crate) const SENDS: bool = !cfg!(negative = "sends");
