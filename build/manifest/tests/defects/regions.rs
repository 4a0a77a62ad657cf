//! Regions: sizes, addresses, who maps and names them.

use super::{GOOD, append, check, complaints};

#[test]
fn a_task_has_at_most_eight_mpu_regions() {
    check(
        "uses = [\"isp\"]",
        "uses = [\"isp\", \"sensor_bus\", \"prcm\", \"firewall\", \"kill_switch\", \"bench_control\", \"host_link\"]",
        &[
            "app.toml:10:8: task server: 9 MPU regions (code, RAM, isp, sensor_bus, prcm, firewall, kill_switch, bench_control, host_link), at most 8 are possible: map fewer, or make regions adjacent by giving them the same readers and writers",
        ],
    );
}

#[test]
fn sizes_and_addresses_of_regions_are_checked() {
    check(
        "\"4 x 640x480 YUYV\"",
        "\"4 x 640x480 NV12\"",
        &[
            "app.toml:29:1: region pool: \"4 x 640x480 NV12\" is not a size: write bytes (4096) or \"4 x 640x480 YUYV\" with one of GREY, SGRBG8, SRGGB8, SBGGR8, SGBRG8, SGRBG10, SRGGB10, SBGGR10, SGBRG10, SGRBG12, SRGGB12, SBGGR12, SGBRG12, YUYV, UYVY, RGB565, RGB24",
        ],
    );
    check(
        "\"4 x 640x480 YUYV\"",
        "\"40 x 640x480 YUYV\"",
        &[
            "app.toml:26:10: region pool (24576000 bytes) does not fit: 16449536 bytes are left: make it smaller",
        ],
    );
    check(
        "\"frame\"",
        "\"frames\"",
        &["app.toml:27:1: region pool: no kind `frames`: did you mean `frame`?"],
    );
    check(
        "kind = \"frame\"",
        "kind = \"frame\"\nwriters = [\"server\", \"client\"]",
        &[
            "app.toml:28:22: region pool: a pool has at most one writer, found server, client: keep one",
        ],
    );
    check(
        "kind = \"frame\"",
        "kind = \"frame\"\naddress = 0x80020000",
        &[
            "app.toml:28:1: region pool: `address` is not for kind \"frame\": leave it out, the builder places pools",
        ],
    );
    append(
        "[regions.block]\nkind = \"fixed\"\nbytes = 4096\n",
        &["app.toml:30:10: region block: `address` is missing: kind \"fixed\" needs it"],
    );
    append(
        "[regions.block]\nkind = \"fixed\"\nbytes = 4096\naddress = 0x80004010\n",
        &["app.toml:33:1: region block: address 0x80004010 is not a multiple of 1024: round it up"],
    );
    append(
        "[regions.block]\nkind = \"fixed\"\nbytes = 4096\naddress = 0x20000000\n",
        &[
            "app.toml:33:1: region block (0x20000000..=0x20000fff) lies in no memory of mps2-an521 for regions: use 0x80004000..=0x80004fff or 0x80010000..=0x80fbffff or 0x80fc0000..=0x80ffffff",
        ],
    );
    append(
        "[regions.a]\nkind = \"fixed\"\nbytes = 4096\naddress = 0x80020000\n[regions.b]\nkind = \"fixed\"\nbytes = 4096\naddress = 0x80020c00\n",
        &[
            "app.toml:37:1: region a (0x80020000..=0x80020fff) and region b (0x80020c00..=0x80021bff) overlap: move one, or leave `address` out",
        ],
    );
}

#[test]
fn configuration_names_do_not_hide_others() {
    append(
        "[regions.other]\nkind = \"memory\"\nbytes = 1024\n[tasks.third]\ncrate = \"task/video\"\npriority = 3\nconfig = { pool = \"other\", task_names = 1 }\n",
        &[
            "app.toml:36:12: task third: config `pool` names region other, and there is a region `pool` too: rename the key",
            "app.toml:36:28: task third: config `task_names` is reserved for what the builder fills in: rename the key",
        ],
    );
}

#[test]
fn a_second_writer_of_a_pool_is_found_in_maps_too() {
    let maps = "maps = { pool = \"write\" }";
    let two = "region pool: a pool has at most one writer, found server, client: keep one";
    let in_client = GOOD.replace("config = { buffers", &format!("{maps}\nconfig = {{ buffers"));
    assert_eq!(complaints(&in_client), [""; 0], "one writer is fine");
    let listed = in_client.replace("readers = [\"client\"]", "writers = [\"server\"]");
    assert_eq!(complaints(&listed), [format!("app.toml:24:10: {two}")]);
    let own = in_client.replace("readers = [\"client\"]", "writers = [\"client\"]");
    assert_eq!(complaints(&own), [""; 0], "named twice is one");
    let both = in_client.replace("uses = [\"isp\"]", &format!("uses = [\"isp\"]\n{maps}"));
    assert_eq!(complaints(&both), [format!("app.toml:25:10: {two}")]);
}

#[test]
fn a_region_that_is_refused_is_not_told_again_where_it_is_used() {
    let uses =
        "maps = [\"pool\"]\nconfig = { buffers = 4, pool = \"pool\", pools = [\"pool\", 1] }";
    let with = |bytes: &str| {
        let manifest = GOOD.replace("config = { buffers = 4 }", uses);
        complaints(&manifest.replace("\"4 x 640x480 YUYV\"", bytes))
    };
    assert_eq!(with("4096"), [""; 0]);
    for (bytes, why) in [
        ("\"40 x 640x480 YUYV\"", "region pool (24576000 bytes) does not fit"),
        ("\"none\"", "is not a size"),
        ("0", "`bytes` is the integer 0"),
    ] {
        let lines = with(bytes);
        assert!(lines.len() == 1 && lines[0].contains(why), "{lines:?}");
    }
}

#[test]
fn each_region_that_does_not_exist_is_named_where_a_list_has_it() {
    check(
        "config = { buffers = 4 }",
        "config = { pools = [\"poll\", 1, \"pool\", \"video9\"] }",
        &[
            "app.toml:24:21: config of task client: no region `poll`: did you mean `pool`?",
            "app.toml:24:40: config of task client: no region `video9`: there is pool",
        ],
    );
}

#[test]
fn whoever_keeps_account_of_a_pool_watches_all_who_map_it() {
    let with = |watch: &str, list: &str| {
        let uses = format!("uses = [\"isp\"]\n{watch}\nconfig = {{ pools = {list} }}");
        complaints(&GOOD.replace("uses = [\"isp\"]", &uses))
    };
    assert_eq!(
        with("", "[\"pool\"]"),
        [
            "app.toml:18:21: task server: `pools` names pool pool, which task client maps: add `client` to `watch`, or what it holds never comes back when it dies"
        ]
    );
    assert_eq!(with("watch = { client = \"go\" }", "[\"pool\"]"), [""; 0]);
    assert_eq!(with("", "[1]"), [""; 0]);
}
