//! Packages: names, and who may depend on whom (invariants 1, 3, 7).

use super::{File, Finding};

/// Packages whose name is not their path, because the field has a name for it.
const NAMED: [(&str, &str); 7] = [
    ("sys/userlib", "userlib"),
    ("sys/ringbuf", "ringbuf"),
    ("sys/idol-runtime", "idol-runtime"),
    ("sys/hubris-derive", "hubris-derive"),
    ("build/idol", "idol"),
    ("build/xtask", "xtask"),
    ("idl", "idl"),
];

/// The register contract: the one thing that drivers and the bench share.
const CONTRACT: &str = "drv-isp-regs";

struct Package<'a> {
    file: &'a File,
    folder: &'a str,
    name: String,
    table: toml::Table,
    has_program: bool,
}

/// Checks all packages.
pub fn check(files: &[File], findings: &mut Vec<Finding>) {
    let packages: Vec<_> = files.iter().filter_map(|file| read(file, files)).collect();
    for package in &packages {
        named(package, findings);
        features(package, findings);
        for dependency in dependencies(&package.table) {
            let other = packages.iter().find(|other| other.name == dependency);
            depends(package, &dependency, other, findings);
        }
    }
}

/// Rooms whose packages run on the target, and test packages that do.
const TARGET_ROOMS: [&str; 7] =
    ["sys/", "drv/", "task/", "idl", "test/bench", "test/kernel", "test/camera"];

/// Names of the packages that run on the target, except compiler plug-ins.
pub fn on_target(files: &[File]) -> Vec<String> {
    let packages = files.iter().filter_map(|file| read(file, files));
    let plug_in = |package: &Package<'_>| {
        let library = package.table.get("lib").and_then(|library| library.get("proc-macro"));
        library.and_then(toml::Value::as_bool).unwrap_or(false)
    };
    packages
        .filter(|package| TARGET_ROOMS.iter().any(|room| package.folder.starts_with(room)))
        .filter(|package| !plug_in(package))
        .map(|package| package.name)
        .collect()
}

fn read<'a>(file: &'a File, files: &[File]) -> Option<Package<'a>> {
    let folder = file.path.strip_suffix("/Cargo.toml")?;
    let table: toml::Table = file.text.parse().ok()?;
    let name = table.get("package")?.get("name")?.as_str()?.to_string();
    let main = format!("{folder}/src/main.rs");
    let has_program = files.iter().any(|file| file.path == main);
    Some(Package { file, folder, name, table, has_program })
}

/// All names in `dependencies`, `dev-dependencies`, `build-dependencies`.
fn dependencies(table: &toml::Table) -> Vec<String> {
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = sections.iter().filter_map(|section| table.get(*section)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// Line of the first occurrence of `word` at the beginning of a line.
fn line_of(file: &File, word: &str) -> usize {
    file.text.lines().position(|line| line.starts_with(word)).map_or(1, |line| line + 1)
}

fn named(package: &Package<'_>, findings: &mut Vec<Finding>) {
    let special = NAMED.iter().find(|(folder, _)| *folder == package.folder);
    let expect =
        special.map_or_else(|| package.folder.replace('/', "-"), |(_, name)| (*name).to_string());
    if package.name != expect {
        let what = format!("package `{}` should be `{expect}`, as its path says", package.name);
        findings.push(Finding::new(&package.file.path, line_of(package.file, "name"), what));
    }
}

/// Invariant 7: no cargo features in tasks.
fn features(package: &Package<'_>, findings: &mut Vec<Finding>) {
    let on_target = ["task/", "drv/"].iter().any(|room| package.folder.starts_with(room));
    if on_target && package.table.contains_key("features") {
        let what = "tasks have no cargo features: make it a config value or another task";
        findings.push(Finding::new(&package.file.path, line_of(package.file, "[features]"), what));
    }
}

fn depends(
    package: &Package<'_>,
    dependency: &str,
    other: Option<&Package<'_>>,
    findings: &mut Vec<Finding>,
) {
    let line = line_of(package.file, dependency);
    let mut find = |what: String| findings.push(Finding::new(&package.file.path, line, what));
    let is_task = |package: &Package<'_>| {
        let room = package.folder.split('/').next();
        matches!(room, Some("task" | "drv")) && package.has_program
    };
    if is_task(package) && other.is_some_and(is_task) {
        find(format!("a task depends on task `{dependency}`: tasks meet only in idl"));
    }
    let in_room = |room: &str| package.folder.starts_with(room);
    let on_target =
        in_room("sys/") || in_room("drv/") || in_room("task/") || package.folder == "idl";
    let model = dependency == "test-bench";
    if on_target && model {
        find("depends on the model of its hardware: they share only drv-isp-regs".into());
    }
    if package.name == "test-bench" && dependency.starts_with("drv-") && dependency != CONTRACT {
        find(format!("the model depends on driver `{dependency}`: they share only {CONTRACT}"));
    }
    if in_room("sys/") && other.is_some_and(|other| !other.folder.starts_with("sys/")) {
        find(format!("sys/ depends on `{dependency}`, which is not in sys/: turn it around"));
    }
    if dependency == "anyhow" && package.name != "xtask" {
        find("a library has its own error type: `anyhow` is for xtask".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    fn package(path: &str, name: &str, more: &str) -> File {
        file(&format!("{path}/Cargo.toml"), &format!("[package]\nname = \"{name}\"\n{more}"))
    }

    fn check_all(files: &[File]) -> Vec<String> {
        let mut findings = Vec::new();
        check(files, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_task_may_depend_on_a_library_but_not_on_a_task() {
        let files = [
            package("task/video", "task-video", "[dependencies]\ntask-node = {}\ndrv-isp = {}\n"),
            file("task/video/src/main.rs", ""),
            package("task/node", "task-node", ""),
            package("drv/isp", "drv-isp", ""),
            file("drv/isp/src/main.rs", ""),
        ];
        assert_eq!(
            check_all(&files),
            ["task/video/Cargo.toml:5: a task depends on task `drv-isp`: tasks meet only in idl"]
        );
    }

    #[test]
    fn the_model_and_the_drivers_share_only_the_contract() {
        let files = [
            package(
                "test/bench",
                "test-bench",
                "[dependencies]\ndrv-isp-regs = {}\ndrv-isp = {}\n",
            ),
            package("drv/isp", "drv-isp", "[dev-dependencies]\ntest-bench = {}\n"),
            package("drv/isp-regs", "drv-isp-regs", ""),
        ];
        assert_eq!(check_all(&files).len(), 2);
    }

    #[test]
    fn names_features_and_errors_are_checked() {
        let files = [
            package("drv/isp", "isp", "[features]\nx = []\n"),
            package("sys/userlib", "userlib", "[dependencies]\nanyhow = \"1\"\n"),
        ];
        assert_eq!(
            check_all(&files),
            [
                "drv/isp/Cargo.toml:2: package `isp` should be `drv-isp`, as its path says",
                "drv/isp/Cargo.toml:3: tasks have no cargo features: make it a config value or another task",
                "sys/userlib/Cargo.toml:4: a library has its own error type: `anyhow` is for xtask",
            ]
        );
    }
}
