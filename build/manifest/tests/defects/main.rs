//! Each defect of a manifest, made on purpose: one edit of a good manifest, and the exact lines
//! that the user gets.

mod regions;

use build_manifest::load_text;
use std::path::Path;

const GOOD: &str = r#"name = "test"
chip = "mps2-an521"
kernel = "sys/kern"

[tasks.supervisor]
crate = "task/supervisor"
priority = 0
notifications = ["fault"]

[tasks.server]
crate = "drv/isp"
priority = 1
notifications = ["go", "tick", "line"]
timer = ["tick"]
interrupts = { "spare.irq0" = "line" }
uses = ["isp"]

[tasks.client]
crate = "task/video"
priority = 2
slots = { server = "server" }
notifications = ["edge", "done"]
watch = { server = "edge" }
config = { buffers = 4 }

[regions.pool]
kind = "frame"
readers = ["client"]
bytes = "4 x 640x480 YUYV"
"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("build/manifest is two deep")
}

/// What each image needs, behind whatever the test is about.
const IDLE: &str = "[tasks.idle]\ncrate = \"task/idle\"\npriority = 254\nhang_ms = 0\n";

/// The lines for a manifest to which idle is added.
fn complaints(text: &str) -> Vec<String> {
    complaints_as_it_is(&format!("{text}\n{IDLE}"))
}

/// The lines for a manifest.
fn complaints_as_it_is(text: &str) -> Vec<String> {
    match load_text(root(), Path::new("app.toml"), text) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(String::from).collect(),
    }
}

/// Replaces `from` (once) by `to` in the good manifest and compares the complaints.
#[track_caller]
fn check(from: &str, to: &str, expect: &[&str]) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} must be in the good manifest once");
    assert_eq!(complaints(&GOOD.replace(from, to)), expect);
}

/// Appends to the good manifest.
#[track_caller]
fn append(text: &str, expect: &[&str]) {
    assert_eq!(complaints(&format!("{GOOD}{text}")), expect);
}

#[test]
fn the_good_manifest_is_good() {
    assert_eq!(complaints(GOOD), [""; 0]);
}

#[test]
fn unknown_keys_get_a_suggestion() {
    check(
        "slots = {",
        "slot = {",
        &["app.toml:21:1: task client: unknown key `slot`: did you mean `slots`?"],
    );
    check(
        "uses = [\"isp\"]",
        "colour = \"red\"",
        &[
            "app.toml:16:1: task server: unknown key `colour`: there is crate, bin, priority, start, grants, stack, slots, watch, clients, notifications, timer, post, uses, shares, interrupts, maps, config, restart, quiesce, hang_ms",
        ],
    );
    check(
        "kernel = \"sys/kern\"",
        "kernel = \"sys/kern\"\nchips = 2",
        &["app.toml:4:1: the image: unknown key `chips`: did you mean `chip`?"],
    );
}

#[test]
fn all_defects_come_at_once_in_the_order_of_the_file() {
    let text = GOOD.replace("priority = 1", "priority = 300").replace("\"isp\"]", "\"ips\"]");
    assert_eq!(
        complaints(&text),
        [
            "app.toml:12:1: task server: `priority` is the integer 300, expected an integer 0..=254",
            "app.toml:16:9: task server: no peripheral `ips`: did you mean `isp`?",
        ]
    );
}

#[test]
fn text_that_is_not_toml_is_placed() {
    let lines = complaints("name = \"x\nchip = 1");
    assert!(lines[0].starts_with("app.toml:1:10: not TOML: "), "{lines:?}");
}

#[test]
fn missing_keys_come_with_what_to_add() {
    check(
        "chip = \"mps2-an521\"",
        "",
        &["app.toml:1:1: the image: `chip` is missing: add `chip = \"mps2-an521\"`"],
    );
    check(
        "priority = 1",
        "",
        &[
            "app.toml:10:8: task server: `priority` is missing: add `priority = 0..254`, 0 = most important",
        ],
    );
}

#[test]
fn wrong_types_and_ranges_say_what_was_found() {
    check(
        "uses = [\"isp\"]",
        "uses = 3",
        &[
            "app.toml:16:1: task server: `uses` is the integer 3, expected a string or an array of strings",
        ],
    );
    check(
        "uses = [\"isp\"]",
        "stack = 100",
        &["app.toml:16:1: task server: `stack` = 100 is out of range, 256..=262144 is possible"],
    );
    check(
        "config = { buffers = 4 }",
        "config = { gain = 1.5 }",
        &[
            "app.toml:24:12: config of task client: `gain` is 1.5, expected a 32-bit integer, true, false, a string, an array of integers or of region names, or { tasks = [names] }",
        ],
    );
}

#[test]
fn a_slot_to_a_less_or_equally_important_task_is_refused() {
    check(
        "uses = [\"isp\"]",
        "slots = { client = \"client\" }",
        &[
            "app.toml:16:11: cycle of slots server -> client -> server: remove one, each task may send only to a more important one",
        ],
    );
    append(
        "[tasks.equal]\ncrate = \"task/video\"\npriority = 2\nslots = { other = \"client\" }\n",
        &[
            "app.toml:33:11: task equal (priority 2): slot `other` on client (priority 2): sends go only to a more important task; answer by notification, or give client a priority below 2",
        ],
    );
}

#[test]
fn names_that_do_not_exist_are_found_everywhere() {
    let there = "supervisor, server, client, idle";
    check(
        "{ server = \"server\" }",
        "{ server = \"servre\" }",
        &["app.toml:21:20: task client: no task `servre`: did you mean `server`?"],
    );
    check(
        "watch = { server = \"edge\" }",
        "watch = { camera = \"edge\" }",
        &[&format!("app.toml:23:11: task client: no task `camera`: there is {there}")],
    );
    check(
        "\"spare.irq0\" = \"line\"",
        "\"spare.irq9\" = \"line\"",
        &[
            "app.toml:15:16: interrupts of task server: no interrupt `spare.irq9`: did you mean `spare.irq0`?",
        ],
    );
    check(
        "crate = \"drv/isp\"",
        "crate = \"drv/lens\"",
        &[
            "app.toml:11:1: task server: crate `drv/lens` has no Cargo.toml with a package in it: check the path from the root",
        ],
    );
    check(
        "readers = [\"client\"]",
        "readers = [\"clint\"]",
        &["app.toml:28:12: region pool: no task `clint`: did you mean `client`?"],
    );
    check(
        "config = { buffers = 4 }",
        "maps = [\"poll\"]",
        &["app.toml:24:9: task client: no region `poll`: did you mean `pool`?"],
    );
    check(
        "mps2-an521",
        "mps2-an512",
        &["app.toml:2:1: the image: no chip `mps2-an512`: did you mean `mps2-an521`?"],
    );
    check(
        "uses = [\"isp\"]",
        "grants = [\"reset\"]",
        &["app.toml:16:11: task server: no grant `reset`: there is restart, fault"],
    );
    check(
        "watch = { server = \"edge\" }",
        "watch = { server = { bit = \"edge\", edges = [\"dead\"] } }",
        &[
            "app.toml:23:45: watch of task client: no edge `dead`: there is removing, died, quiet, ready",
        ],
    );
}

#[test]
fn undeclared_notifications_are_found() {
    check(
        "watch = { server = \"edge\" }",
        "watch = { server = \"edgy\" }",
        &["app.toml:23:20: watch of task client: no notification `edgy`: did you mean `edge`?"],
    );
    check(
        "timer = [\"tick\"]",
        "timer = [\"tock\"]",
        &["app.toml:14:10: timer of task server: no notification `tock`: did you mean `tick`?"],
    );
    check(
        "\"spare.irq0\" = \"line\"",
        "\"spare.irq0\" = \"lime\"",
        &[
            "app.toml:15:31: interrupts of task server: no notification `lime`: did you mean `line`?",
        ],
    );
    check(
        "config = { buffers = 4 }",
        "post = { server = [\"stop\"] }",
        &[
            "app.toml:24:20: post of task client to server: no notification `stop`: there is go, tick, line",
        ],
    );
}

#[test]
fn notifications_are_at_most_32_and_different() {
    let many: Vec<_> = (0..33).map(|n| format!("\"n{n}\"")).collect();
    append(
        &format!(
            "[tasks.many]\ncrate = \"task/video\"\npriority = 3\nnotifications = [{}]\n",
            many.join(", ")
        ),
        &["app.toml:33:232: task many: 33 notifications, at most 32 are possible: share bits"],
    );
    check(
        "[\"edge\", \"done\"]",
        "[\"edge\", \"done\", \"done\"]",
        &["app.toml:22:34: task client: notification `done` appears twice: remove one"],
    );
    check(
        "[\"edge\", \"done\"]",
        "[\"edge\", \"do-ne\", \"do_ne\"]",
        &[
            "app.toml:22:35: notification `do-ne` and `do_ne` would be the same symbol in a program: rename one",
        ],
    );
    check(
        "timer = [\"tick\"]",
        "timer = [\"line\"]",
        &[
            "app.toml:13:32: task server: notification `line` is for interrupt and for timer: give each a bit of its own, or who gets it cannot tell",
        ],
    );
}

#[test]
fn nobody_posts_what_the_kernel_posts() {
    check(
        "config = { buffers = 4 }",
        "post = { server = [\"line\"] }",
        &[
            "app.toml:24:20: task client may not post `line` of server: only the kernel posts it (interrupt): post another bit",
        ],
    );
    check(
        "config = { buffers = 4 }",
        "post = { supervisor = [\"fault\"] }",
        &[
            "app.toml:24:24: task client may not post `fault` of supervisor: only the kernel posts it (fault): post another bit",
        ],
    );
    check(
        "config = { buffers = 4 }",
        "post = [\"supervisor\"]",
        &[
            "app.toml:24:9: task client: `post` to supervisor, which has no notification that a task may post: declare one there",
        ],
    );
}

#[test]
fn a_slot_on_a_server_that_posts_needs_a_watch() {
    let text = GOOD
        .replace("uses = [\"isp\"]", "post = [\"client\"]")
        .replace("watch = { server = \"edge\" }\n", "");
    assert_eq!(
        complaints(&text),
        [
            "app.toml:18:8: task client has a slot on server, which posts to it, and no watch: add `watch = { server = \"...\" }`, or its death goes unseen"
        ]
    );
}

#[test]
fn an_interrupt_wakes_one_task() {
    check(
        "config = { buffers = 4 }",
        "interrupts = { \"spare.irq0\" = \"done\" }",
        &[
            "app.toml:24:16: interrupt spare.irq0 belongs to task server and to task client: a line wakes one task",
        ],
    );
}

#[test]
fn the_first_task_is_the_supervisor_and_alone_at_the_top() {
    check(
        "[\"fault\"]",
        "[\"faults\"]",
        &[
            "app.toml:5:8: task 0 is `supervisor`: the first task is the supervisor, so it has priority 0 and `notifications` begins with \"fault\"",
        ],
    );
    check(
        "priority = 0",
        "priority = 1",
        &[
            "app.toml:5:8: task 0 is `supervisor`: the first task is the supervisor, so it has priority 0 and `notifications` begins with \"fault\"",
        ],
    );
    check(
        "priority = 1",
        "priority = 0",
        &[
            "app.toml:12:1: task server: priority 0 belongs to task 0, `supervisor`, alone: use 1 or more",
        ],
    );
    assert_eq!(
        complaints_as_it_is("name = \"x\"\nchip = \"mps2-an521\"\nkernel = \"sys/kern\"\n"),
        ["app.toml: no tasks: add a [tasks.NAME] table, the supervisor first"]
    );
}

#[test]
fn the_helper_must_be_reachable_by_the_supervisor() {
    check(
        "config = { buffers = 4 }",
        "quiesce = \"server\"",
        &[
            "app.toml:18:8: task client: `quiesce` = server, but the supervisor may not post to it: add it to `post` of supervisor",
        ],
    );
}

#[test]
fn names_become_symbols() {
    check(
        "[tasks.client]",
        "[tasks.Client]",
        &[
            "app.toml:18:8: task `Client` is not a name: use a-z, 0-9, `-` and `_`, a letter first",
            "app.toml:28:12: region pool: no task `client`: did you mean `Client`?",
        ],
    );
}

#[test]
fn a_task_has_no_business_with_itself() {
    check(
        "watch = { server = \"edge\" }",
        "watch = { client = \"edge\" }",
        &["app.toml:23:11: task client: it cannot watch itself: remove it"],
    );
}

#[test]
fn one_thing_stands_below_the_product() {
    check(
        "kernel = \"sys/kern\"",
        "kernel = \"sys/kern\"\nbench = true\nshim = \"test-kernel-shim\"",
        &[
            "app.toml:5:1: `bench` and `shim` are both set: one thing stands below the product, remove one",
        ],
    );
}

#[test]
fn files_that_are_not_there_or_go_in_circles_are_named() {
    check(
        "name = \"test\"",
        "extends = \"no/such.toml\"",
        &[
            "app.toml:1:1: cannot read no/such.toml: No such file or directory (os error 2): check the path",
        ],
    );
    check(
        "name = \"test\"",
        "extends = \"app.toml\"",
        &[
            "app.toml:1:1: `extends` comes back to app.toml: a manifest cannot extend itself, directly or not",
        ],
    );
}

#[test]
fn the_supervisor_starts_at_boot() {
    check(
        "notifications = [\"fault\"]",
        "notifications = [\"fault\"]\nstart = false",
        &[
            "app.toml:5:8: task supervisor: `start` = false, but nobody starts the supervisor later: remove it",
        ],
    );
}

#[test]
fn more_deaths_than_the_supervisor_remembers_are_refused() {
    let give_up =
        |deaths: u32| format!("buffers = 4 }}\nrestart = {{ give_up = {{ deaths = {deaths} }} }}");
    check("buffers = 4 }", &give_up(16), &[]);
    check(
        "buffers = 4 }",
        &give_up(17),
        &[
            "app.toml:25:25: give_up in restart of task client: `deaths` = 17 is out of range, 1..=16 is possible",
        ],
    );
}

#[test]
fn a_name_with_a_line_feed_is_told_in_one_line() {
    check(
        "slots = { server = \"server\" }",
        "slots = { server = \"ser\\nver\" }",
        &["app.toml:21:20: task client: no task `ser\\nver`: did you mean `server`?"],
    );
}

#[test]
fn somebody_is_always_ready_to_run_and_less_important_than_all_others() {
    let with = |text: &str| complaints_as_it_is(&format!("{GOOD}{text}"));
    let none = "app.toml: no task is always ready to run, and the kernel resets the machine when nobody is: add [tasks.idle] with `crate = \"task/idle\"`, the largest priority number and `hang_ms = 0`";
    assert_eq!(complaints_as_it_is(GOOD), [none]);
    assert_eq!(with(&format!("{IDLE}start = false\n")), [none]);
    assert_eq!(with(IDLE), [""; 0]);
    for priority in ["1", "2"] {
        assert_eq!(
            with(&IDLE.replace("254", priority)),
            [format!(
                "app.toml:30:8: task idle (priority {priority}) never waits, so that task client (priority 2) would never run: give idle a priority above 2"
            )]
        );
    }
    for (text, hang_ms) in [("hang_ms = 50", 50), ("", 50), ("hang_ms = 1", 1)] {
        assert_eq!(
            with(&IDLE.replace("hang_ms = 0", text)),
            [format!(
                "app.toml:30:8: task idle: `hang_ms` = {hang_ms}, but it never enters the kernel: set it to 0"
            )]
        );
    }
}

#[test]
fn a_register_block_is_one_tasks_and_only_a_test_shares_it() {
    check(
        "config = { buffers = 4 }",
        "uses = [\"prcm\", \"isp\"]",
        &[
            "app.toml:24:17: register block isp belongs to task server and to task client: keep one `uses`, and let the other ask its driver",
        ],
    );
    check(
        "config = { buffers = 4 }",
        "shares = [\"isp\"]",
        &[
            "app.toml:24:11: task client: `shares` = isp, but only a program under test/ may reach the registers of another task: let it ask server",
        ],
    );
    check(
        "config = { buffers = 4 }",
        "shares = [\"prcm\"]",
        &["app.toml:24:11: task client: `shares` = prcm, which no other task uses: write `uses`"],
    );
    check(
        "config = { buffers = 4 }",
        "shares = [\"ips\"]",
        &[
            "app.toml:24:11: task client: `shares` = ips, which no other task uses: write `uses`",
            "app.toml:24:11: task client: no peripheral `ips`: did you mean `isp`?",
        ],
    );
    check(
        "uses = [\"isp\"]",
        "uses = [\"isp\"]\nshares = [\"isp\"]",
        &[
            "app.toml:17:11: task server: peripheral `isp` appears twice: remove one",
            "app.toml:17:11: task server: `shares` = isp, which no other task uses: write `uses`",
        ],
    );
    append("[tasks.rogue]\ncrate = \"test/camera\"\npriority = 3\nshares = [\"isp\"]\n", &[""; 0]);
}

#[test]
fn the_supervisor_has_one_helper() {
    let text = GOOD
        .replace("[\"fault\"]", "[\"fault\"]\npost = { server = [\"go\"], helper = [\"go\"] }")
        .replace("config = { buffers = 4 }", "quiesce = \"server\"");
    let helper = "[tasks.helper]\ncrate = \"drv/isp\"\npriority = 1\nnotifications = [\"go\"]\n";
    let third = "[tasks.third]\ncrate = \"task/video\"\npriority = 3\n";
    let both = |name: &str| complaints(&format!("{text}{helper}{third}quiesce = \"{name}\"\n"));
    assert_eq!(both("server"), [""; 0]);
    assert_eq!(
        both("helper"),
        [
            "app.toml:38:1: task third: `quiesce` = helper, but task client has server: the supervisor knows one helper, name the same"
        ]
    );
}

#[test]
fn a_watch_of_clients_has_a_bit_of_its_own_kind() {
    check(
        "timer = [\"tick\"]",
        "timer = [\"tick\"]\nclients = \"gone\"",
        &["app.toml:15:1: clients of task server: no notification `gone`: there is go, tick, line"],
    );
    check(
        "timer = [\"tick\"]",
        "timer = [\"tick\"]\nclients = \"tick\"",
        &[
            "app.toml:13:24: task server: notification `tick` is for watch and for timer: give each a bit of its own, or who gets it cannot tell",
        ],
    );
}
