//! What a good manifest becomes.

use build_manifest::{Access, ConfigValue, Image, Restart, load, load_text};
use proptest::prelude::*;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("build/manifest is two deep")
}

/// What each image needs, as its last task.
const IDLE: &str = "[tasks.idle]\ncrate = \"task/idle\"\npriority = 254\nhang_ms = 0\n";

fn image(text: &str) -> Image {
    let head = "name = \"test\"\nchip = \"mps2-an521\"\nkernel = \"sys/kern\"\n\
        [tasks.supervisor]\ncrate = \"task/supervisor\"\npriority = 0\nnotifications = [\"fault\", \"bell\"]\n";
    match load_text(root(), Path::new("app.toml"), &format!("{head}{text}\n{IDLE}")) {
        Ok(image) => image,
        Err(error) => panic!("{error}"),
    }
}

fn task(name: &str, more: &str) -> String {
    format!("[tasks.{name}]\ncrate = \"task/video\"\npriority = 5\n{more}\n")
}

#[test]
fn the_product_image_is_good() {
    let image = load(root(), &root().join("app.toml")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(image.tasks[0].name, "supervisor");
    assert_eq!(image.tasks.last().map(|task| task.name.as_str()), Some("idle"));
}

#[test]
fn the_supervisor_has_authority_and_everybody_may_send_to_it() {
    let image = image(&task("a", ""));
    assert!(image.tasks[0].may_restart && image.tasks[0].may_fault);
    assert!(!image.tasks[1].may_restart && !image.tasks[1].may_fault);
    assert!(image.may_send(1, 0));
    assert!(!image.may_send(0, 1) && !image.may_send(1, 1) && !image.may_send(0, 0));
}

#[test]
fn defaults_are_the_documented_ones() {
    let image = image(&task("a", ""));
    let task = &image.tasks[1];
    assert_eq!((task.stack_bytes, task.start, task.hang_ms), (2048, true, Some(50)));
    assert_eq!(task.restart, Some(Restart::DEFAULT));
}

#[test]
fn restart_takes_what_is_written_and_defaults_for_the_rest() {
    let text = "restart = { first_ms = 5, give_up = { deaths = 3 } }\nhang_ms = 0";
    let image = image(&format!("{}{}", task("a", text), task("b", "restart = \"never\"")));
    assert_eq!(
        image.tasks[1].restart,
        Some(Restart { first_ms: 5, deaths: 3, ..Restart::DEFAULT })
    );
    assert_eq!(image.tasks[1].hang_ms, None);
    assert_eq!(image.tasks[2].restart, None);
}

#[test]
fn a_post_to_a_task_gives_every_bit_that_is_not_the_kernels() {
    let a = task(
        "a",
        "notifications = [\"edge\", \"x\", \"tick\", \"y\"]\ntimer = [\"tick\"]\nwatch = { b = \"edge\" }",
    );
    let image = image(&format!("{a}{}", task("b", "post = [\"a\"]")));
    assert_eq!(image.tasks[1].kernel_bits, 0b0101);
    assert_eq!(image.tasks[2].posts[0].mask, 0b1010);
    let image = self::image(&format!("{a}{}", task("b", "post = { a = [\"y\"] }")));
    assert_eq!(image.tasks[2].posts[0].mask, 0b1000);
}

/// Each task with a slot on it is watched, and nobody can be forgotten; what `watch` says goes first.
#[test]
fn a_server_that_watches_its_clients_watches_all_of_them() {
    let server = task(
        "server",
        "notifications = [\"own\", \"gone\"]\nclients = \"gone\"\nwatch = { b = { bit = \"own\", edges = [\"died\"] } }",
    );
    let client = |name: &str, slots: &str| {
        format!("[tasks.{name}]\ncrate = \"task/video\"\npriority = 6\nslots = {{ {slots} }}\n")
    };
    let clients = [
        client("a", "x = \"server\", y = \"server\""),
        client("b", "server = \"server\""),
        client("c", "s = \"supervisor\""),
        client("d", "server = \"server\""),
    ];
    let image = image(&format!("{server}{}", clients.concat()));
    let watches = &image.tasks[1].watches;
    let seen: Vec<_> = watches.iter().map(|it| (it.peer, it.mask, it.edges.count_ones())).collect();
    assert_eq!(seen, [(3, 0b01, 1), (2, 0b10, 4), (5, 0b10, 4)]);
    assert_eq!(image.tasks[1].kernel_bits, 0b11);
}

#[test]
fn pools_of_one_client_lie_side_by_side_and_cost_one_mpu_region() {
    let region = |name: &str, readers: &str| {
        format!(
            "[regions.{name}]\nkind = \"frame\"\nreaders = [{readers}]\nbytes = \"2 x 160x120 YUYV\"\n"
        )
    };
    let image = image(
        &[
            task("a", ""),
            task("b", ""),
            region("one", "\"a\""),
            region("two", "\"b\""),
            region("three", "\"a\""),
        ]
        .concat(),
    );
    let names: Vec<_> = image.regions.iter().map(|region| region.name.as_str()).collect();
    assert_eq!(names, ["one", "three", "two"]);
    assert_eq!(image.tasks[1].windows.len(), 1);
    assert_eq!(image.tasks[1].windows[0].range.bytes, 4 * 38 * 1024);
    assert_eq!(image.regions[0].buffer_bytes, 38 * 1024);
}

#[test]
fn a_task_may_map_a_region_by_itself() {
    let pool = "[regions.pool]\nkind = \"memory\"\nbytes = 1000\n";
    let image = image(&format!(
        "{}{}{pool}",
        task("a", "maps = { pool = \"write\" }"),
        task("b", "maps = [\"pool\"]")
    ));
    assert_eq!(image.tasks[1].windows[0].access, Access::Write);
    assert_eq!(image.tasks[2].windows[0].access, Access::Read);
    assert_eq!(image.regions[0].range.bytes, 1024);
}

#[test]
fn configuration_values_have_the_types_that_programs_read() {
    let pool = "[regions.frames-a]\nkind = \"frame\"\nbytes = 2048\n";
    let config = "config = { n = -1, yes = true, name = \"x\", list = [1, 0x10], pool = \"frames-a\", pools = [\"frames-a\"] }";
    let image = image(&format!("{}{pool}", task("a", config)));
    let values: Vec<_> = image.tasks[1].config.iter().map(|config| config.value.clone()).collect();
    assert_eq!(
        values,
        [
            ConfigValue::Word(u32::MAX),
            ConfigValue::Word(1),
            ConfigValue::Text("x".into()),
            ConfigValue::Words(vec![1, 16]),
            ConfigValue::Region { region: 0, name: "frames-a".into() },
            ConfigValue::Words(vec![0x8001_0000, 2048]),
        ]
    );
}

#[test]
fn a_small_manifest_extends_the_product() {
    let folder = std::env::temp_dir().join(format!("obscura-manifest-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let base = folder.join("base.toml");
    std::fs::write(
        &base,
        "name = \"base\"\nchip = \"mps2-an521\"\nkernel = \"sys/kern\"\n\
         [tasks.supervisor]\ncrate = \"task/supervisor\"\npriority = 0\nnotifications = [\"fault\"]\n\
         [tasks.a]\ncrate = \"task/video\"\npriority = 1\nstack = 512\n\
         [tasks.b]\ncrate = \"task/video\"\npriority = 2\nslots = { a = \"a\" }\n\
         [tasks.idle]\ncrate = \"task/idle\"\npriority = 9\nhang_ms = 0\n",
    )
    .expect("writes");
    let over = folder.join("over.toml");
    std::fs::write(
        &over,
        "extends = \"base.toml\"\nname = \"over\"\n[tasks.a]\nstack = 1024\n[tasks]\nb = false\n",
    )
    .expect("writes");
    let image = load(root(), &over).unwrap_or_else(|error| panic!("{error}"));
    std::fs::remove_dir_all(&folder).expect("cleans up");
    assert_eq!(image.name, "over");
    assert_eq!(image.sources.len(), 2);
    let tasks: Vec<_> = image.tasks.iter().map(|t| (t.name.as_str(), t.stack_bytes)).collect();
    assert_eq!(tasks, [("supervisor", 2048), ("a", 1024), ("idle", 2048)]);
}

proptest! {
    /// Whatever sizes, kinds and readers: regions are aligned, inside the memory, and apart; and a
    /// task's windows cover exactly its regions.
    #[test]
    fn regions_never_overlap(sizes in proptest::collection::vec((1u32..300_000, 0usize..4), 1..12)) {
        let readers = ["", "\"a\"", "\"b\"", "\"a\", \"b\""];
        let mut text = format!("{}{}", task("a", ""), task("b", ""));
        for (index, (bytes, who)) in sizes.iter().enumerate() {
            text += &format!(
                "[regions.r{index}]\nkind = \"frame\"\nreaders = [{}]\nbytes = {bytes}\n",
                readers[*who]
            );
        }
        let image = match load_text(root(), Path::new("app.toml"), &format!(
            "name = \"t\"\nchip = \"mps2-an521\"\nkernel = \"sys/kern\"\n[tasks.s]\ncrate = \"task/supervisor\"\npriority = 0\nnotifications = [\"fault\"]\n{text}{IDLE}"
        )) {
            Ok(image) => image,
            Err(error) => {
                // With many shared pools between private ones a task may need too many windows.
                prop_assert!(error.to_string().contains("MPU regions"), "{}", error);
                return Ok(());
            }
        };
        for (n, a) in image.regions.iter().enumerate() {
            prop_assert!(image.chip.pools.contains(a.range));
            prop_assert_eq!(a.range.base % 1024, 0);
            for b in &image.regions[n + 1..] {
                prop_assert!(a.range.end() <= b.range.base);
            }
        }
        for task in &image.tasks {
            let mapped: u32 = task.maps.iter().map(|m| image.regions[m.region].range.bytes).sum();
            let covered: u32 = task.windows.iter().map(|window| window.range.bytes).sum();
            prop_assert_eq!(mapped, covered);
        }
    }
}
