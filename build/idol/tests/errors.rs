//! Every rule of the format, broken once: the report says where, what and how to mend it.

/// Compiles `text` and compares the report line by line; `expect` has lines without file name.
fn check(text: &str, expect: &[&str]) {
    let found = match idol::compile("x.idol", text, "") {
        Ok(_) => Vec::new(),
        Err(report) => report.to_string().lines().map(str::to_owned).collect(),
    };
    let expect: Vec<String> = expect.iter().map(|line| format!("x.idol:{line}")).collect();
    assert_eq!(found, expect, "\n{text}");
}

/// An interface with one op `op`, whose body starts at the beginning of line 2.
fn check_op(body: &str, expect: &[&str]) {
    let before = r#"(name: "Iface", doc: "d", within: 9, ops: { "op": ("#;
    check(&format!("{before}\n{body}\n)}})"), expect);
}

const REST: &str = r#"doc: "d", reply: Simple("()"),"#;

#[test]
fn a_correct_interface_has_no_errors() {
    check_op(REST, &[]);
    check_op(&format!("{REST} args: {{}}, leases: {{}}, idempotent: true"), &[]);
}

#[test]
fn text_that_is_not_ron() {
    let remedy = "see the format in the docs of `build/idol`";
    check(
        "",
        &[&format!(
            "1:1: not an interface in RON: Expected opening `(` for struct `Interface`; {remedy}"
        )],
    );
    check(
        "Interface(\n  name: \"A\"\n  ops: {})",
        &[&format!("3:3: not an interface in RON: Expected comma; {remedy}")],
    );
    check(
        "Interfaces(name: \"A\")",
        &[&format!(
            "1:11: not an interface in RON: Expected struct `Interface` but found `Interfaces`; \
             {remedy}"
        )],
    );
}

#[test]
fn values_of_the_wrong_kind() {
    let remedy = "see the format in the docs of `build/idol`";
    let wrong = [
        ("encoding: Morse,", "2:47: not an interface in RON: Unexpected variant named `Morse`"),
        ("leases: { \"l\": (max_len: 16) },", "2:57: not an interface in RON: Expected option"),
        ("within: \"soon\",", "2:40: not an interface in RON: Expected integer"),
        ("args: { \"a\": 5 },", "2:46: not an interface in RON: Expected a type"),
    ];
    for (extra, expect) in wrong {
        let text = format!("(name: \"I\", doc: \"d\", ops: {{ \"op\": (\n{REST} {extra})}})");
        let report = idol::compile("x.idol", &text, "").unwrap_err().to_string();
        let expect = format!("x.idol:{expect}");
        assert!(report.starts_with(&expect), "{report}");
        assert!(report.ends_with(&format!("; {remedy}\n")), "{report}");
    }
}

#[test]
fn an_empty_interface_lacks_three_things() {
    check(
        "()",
        &[
            "1:1: the interface has no `doc`; add `doc: \"..\"` that says what a caller must know",
            "1:1: the interface has no `name`; add `name: \"..\"`",
            "1:1: the interface has no `ops`; add `ops: { .. }`",
        ],
    );
}

#[test]
fn an_interface_without_ops() {
    check(
        "(name: \"A\", doc: \"d\",\n ops: {})",
        &["2:2: the interface has no op; declare what a client may ask for"],
    );
}

#[test]
fn missing_docs_are_reported_all_at_once() {
    let say_it = "add `doc: \"..\"` that says what a caller must know";
    check(
        r#"(name: "A", within: 1, ops: {
            "first": (
                args: { "a": "u8", "b": (type: "u8", doc: " ") },
                leases: { "l": (type: "[u8]", read: true) },
                reply: Simple("u8"),
            ),
            "second": (reply: Result(ok: "u8", err: CLike("E"))),
        })"#,
        &[
            &format!("1:1: the interface has no `doc`; {say_it}"),
            &format!("2:13: op `first` has no `doc`; {say_it}"),
            &format!("3:25: argument `a` of op `first` has no `doc`; {say_it}"),
            &format!("3:54: the `doc` of argument `b` of op `first` is empty; {say_it}"),
            &format!("4:27: lease `l` of op `first` has no `doc`; {say_it}"),
            &format!("5:17: the reply of op `first` has no `doc`; {say_it}"),
            &format!("7:13: op `second` has no `doc`; {say_it}"),
            &format!("7:24: the reply of op `second` has no `doc`; {say_it}"),
        ],
    );
}

#[test]
fn the_doc_of_a_result_may_stand_at_either_place() {
    check_op(r#"doc: "d", reply: Result(ok: (type: "u8", doc: "d"), err: CLike("E"))"#, &[]);
    check_op(r#"doc: "d", reply: Result(ok: "u8", err: CLike("E"), doc: "d")"#, &[]);
}

#[test]
fn a_missing_reply() {
    check_op(
        r#"doc: "d""#,
        &["1:45: op `op` has no `reply`; \
           add `reply: Simple(..)` or `reply: Result(ok: .., err: ..)`"],
    );
}

#[test]
fn a_name_declared_twice() {
    check(
        r#"(name: "A", doc: "d", within: 1, ops: {
            "same": (doc: "d", reply: Simple("()")),
            "same": (doc: "d", reply: Simple("()")),
            "other": (doc: "d", reply: Simple("()"),
                args: { "a": (type: "u8", doc: "d"), "a": (type: "u8", doc: "d") },
                leases: {
                    "l": (type: "u8", read: true, doc: "d"),
                    "l": (type: "u8", read: true, doc: "d"),
                    "a": (type: "u8", read: true, doc: "d"),
                }),
        })"#,
        &[
            "3:13: op `same` is declared twice; rename or remove one",
            "5:54: argument `a` is declared twice; rename or remove one",
            "8:21: lease `l` is declared twice; rename or remove one",
            "9:21: op `other` has an argument and a lease named `a`; rename one",
        ],
    );
}

#[test]
fn names_that_are_no_names() {
    let rust = "write it like a Rust function, and no keyword";
    check(
        r#"(name: "some iface", doc: "d", within: 1, ops: {
            "loop": (doc: "d", reply: Simple("()")),
            "BadCase": (doc: "d", reply: Simple("()")),
            "": (doc: "d", reply: Simple("()")),
            "ok": (doc: "d", reply: Simple("()"), args: { "a b": (type: "u8", doc: "d") }),
        })"#,
        &[
            "1:2: interface name `some iface` is not a CamelCase identifier; \
             write it like a Rust type, e.g. \"Frames\"",
            &format!("2:13: op name `loop` is not a snake_case identifier; {rust}"),
            &format!("3:13: op name `BadCase` is not a snake_case identifier; {rust}"),
            &format!("4:13: op name `` is not a snake_case identifier; {rust}"),
            &format!("5:59: argument name `a b` is not a snake_case identifier; {rust}"),
        ],
    );
}

#[test]
fn names_that_the_generated_code_needs() {
    check(
        r#"(name: "A", doc: "d", within: 1, ops: {
            "rebind": (doc: "d", reply: Simple("()")),
            "ok": (doc: "d", reply: Simple("()"), args: { "call": (type: "u8", doc: "d") }),
            "a_b": (doc: "d", reply: Simple("()")),
            "a__b": (doc: "d", reply: Simple("()")),
        })"#,
        &[
            "2:13: op name `rebind` is taken by the generated code; choose another name",
            "3:59: argument name `call` is taken by the generated code; choose another name",
        ],
    );
    check(
        r#"(name: "A", doc: "d", within: 1, ops: {
            "a_b": (doc: "d", reply: Simple("()")),
            "a__b": (doc: "d", reply: Simple("()")),
        })"#,
        &["3:13: op names `a_b` and `a__b` are too alike; rename one"],
    );
}

#[test]
fn a_key_that_nobody_reads() {
    check(
        r#"(name: "A", doc: "d", within: 1, version: 3, ops: {
            "op": (doc: "d", reply: Simple("()"), deferrs: true,
                args: { "a": (type: "u8", doc: "d", unit: "ms") }),
        })"#,
        &[
            "1:34: unknown key `version`; \
             known here: `name`, `doc`, `within`, `retry_on_death`, `ops`",
            "2:51: unknown key `deferrs`; known here: `doc`, `args`, `leases`, `reply`, \
             `idempotent`, `encoding`, `within`, `defers`",
            "3:53: unknown key `unit`; known here: `type`, `doc`, `recv`",
        ],
    );
}

#[test]
fn types_that_cannot_travel() {
    let remedy =
        "use a named type, a tuple or an array; declare what else you need in `idl/src/types.rs`";
    let arg = |ty: &str| format!("{REST} args: {{ \"a\": (doc: \"d\",\ntype: \"{ty}\") }}");
    let cases = [
        ("&u8", "cannot travel between tasks"),
        ("fn()", "cannot travel between tasks"),
        ("dyn Debug", "cannot travel between tasks"),
        ("impl Fn()", "cannot travel between tasks"),
        ("*const u8", "cannot travel between tasks"),
        ("!", "cannot travel between tasks"),
        ("m!()", "cannot travel between tasks"),
        ("<u8 as T>::U", "cannot travel between tasks"),
        ("(u8, &u8)", "cannot travel between tasks"),
        ("[&u8; 3]", "cannot travel between tasks"),
        ("[u8; {loop {}}]", "cannot travel between tasks"),
        ("Option<&u8>", "cannot travel between tasks"),
        ("Op", "cannot travel between tasks"),
        ("u8 u8", "is not a Rust type"),
        ("", "is not a Rust type"),
    ];
    for (ty, why) in cases {
        check_op(&arg(ty), &[&format!("3:1: type `{ty}` {why}; {remedy}")]);
    }
    let long = "(".repeat(100_000);
    check_op(&arg(&long), &[&format!("3:1: type `{long}` is too long; {remedy}")]);
    check_op(&arg("[u8]"), &["3:1: type `[u8]` has no fixed size; lend it: write it as a lease"]);
    for ty in ["u8", "(u8, [Foo; 4])", "Option<a::B<3>>", "[u8; N]", "()"] {
        check_op(&arg(ty), &[]);
    }
}

#[test]
fn leases_that_make_no_sense() {
    check_op(
        &format!(
            r#"{REST} leases: {{
            "idle": (type: "[u8]", doc: "d"),
            "bare": (read: true, doc: "d"),
            "none": (type: "[u8]", read: true, max_len: Some(0), doc: "d"),
            "fixed": (type: "[u8; 4]", read: true, max_len: Some(4), doc: "d") }}"#
        ),
        &[
            "3:13: lease `idle` of op `op` can be neither read nor written; \
             add `read: true` or `write: true`",
            "4:13: lease `bare` of op `op` has no `type`; add `type: \"[u8]\"` or another type",
            "5:48: `max_len` of lease `none` is 0; give the largest number of elements",
            "6:52: lease `fixed` has `max_len`, but its type has a fixed size; \
             remove `max_len`, or lend a slice `[..]`",
        ],
    );
}

#[test]
fn too_many_leases_and_ops() {
    assert_eq!(idol_runtime::lease::LEASES_MAX, 4, "compiler and run time agree");
    let lease = |index| format!(r#""l{index}": (type: "u8", read: true, doc: "d"),"#);
    let leases: String = (0..5).map(lease).collect();
    check_op(
        &format!("{REST} leases: {{ {leases} }}"),
        &["2:32: op `op` has 5 leases, at most 4 are possible; lend fewer, larger pieces"],
    );
    let op = |index| format!("\"op{index}\": ({REST}),");
    let ops: String = (0..256).map(op).collect();
    check(
        &format!("(name: \"A\", doc: \"d\", within: 1, ops: {{ {ops} }})"),
        &["1:34: 256 ops, at most 255 are possible; split the interface"],
    );
}

#[test]
fn errors_and_conversions_that_do_not_fit_the_encoding() {
    check_op(
        r#"doc: "d", reply: Result(ok: "()", err: Complex("E"))"#,
        &["2:11: op `op`: a Complex error travels in Hubpack only; \
           use `encoding: Hubpack`, or a CLike error"],
    );
    check_op(
        &format!("{REST} encoding: Ssmarshal"),
        &["2:32: op `op` wants the encoding Ssmarshal, which we do not have; \
           use `encoding: Hubpack`"],
    );
    let recv = |encoding: &str, recv: &str| {
        format!(
            "{REST} encoding: {encoding}, args: {{ \"a\": (doc: \"d\", recv: {recv},\ntype: \"M\") }}"
        )
    };
    check_op(
        &recv("Hubpack", r#"FromPrimitive("u8")"#),
        &["3:1: `recv` has no meaning in Hubpack: serde converts; \
           remove `recv`, or use `encoding: Zerocopy`"],
    );
    check_op(
        &recv("Zerocopy", r#"FromPrimitive("f32")"#),
        &["3:1: `FromPrimitive(\"f32\")` is not an integer type; \
           use one of u8, u16, u32, u64, i8, i16, i32, i64"],
    );
    check_op(
        &recv("Zerocopy", r#"From("u8", Some("a b"))"#),
        &["3:1: `a b` in `recv` is not the path of a function; \
           name a function that `crate::types` exports"],
    );
    check_op(&recv("Zerocopy", r#"From("u8", Some("a::b"))"#), &[]);
    check_op(&recv("Zerocopy", r#"From("u8")"#), &[]);
}

#[test]
fn answers_without_a_bound() {
    let op = |rest: &str| format!("(name: \"A\", doc: \"d\", ops: {{ \"op\": ({REST}\n{rest}) }})");
    check(
        &op(""),
        &["1:30: op `op` has no bound on its answer; \
           add `within: MS` to it or to the interface, or `defers: true`"],
    );
    check(
        &op("within: 0"),
        &["2:1: `within` is 0 ms: no server answers in no time; \
           give the longest time that a caller may wait, in ms"],
    );
    check(
        &op("defers: true"),
        &["1:30: op `op` defers its answer and has no time-out argument; \
           add an argument `timeout_ms` or `timeout_us`"],
    );
    check(
        &op("defers: true, within: 3"),
        &["1:30: op `op` has `within` and `defers`; \
           keep one: a deferred answer has no bound but its time-out"],
    );
    check(
        "(name: \"A\", doc: \"d\", within: 0, ops: { \"op\": (doc: \"d\", reply: Simple(\"()\")) })",
        &["1:23: `within` is 0 ms: no server answers in no time; \
           give the longest time that a caller may wait, in ms"],
    );
    check(&op("defers: true, args: { \"timeout_us\": (type: \"u32\", doc: \"d\") }"), &[]);
}

#[test]
fn idempotence_that_the_original_tool_refuses() {
    check_op(
        r#"doc: "d", reply: Result(ok: "()", err: ServerDeath), idempotent: true"#,
        &["2:54: op `op` is idempotent and reports ServerDeath; \
           remove `idempotent`, or make the reply `Simple`"],
    );
    check_op(
        &format!(
            "{REST} idempotent: true, \
             leases: {{ \"l\": (type: \"u8\", read: true, write: true, doc: \"d\") }}"
        ),
        &["2:32: op `op` is idempotent and changes a lease that it reads; \
           remove `idempotent`, or lend twice"],
    );
}

#[test]
fn columns_count_characters() {
    check(
        "(name: \"A\", /* äöü */ doc: \"d\", within: 1, ops: { /* ß */ \"op\": () })",
        &[
            "1:59: op `op` has no `doc`; add `doc: \"..\"` that says what a caller must know",
            "1:59: op `op` has no `reply`; \
             add `reply: Simple(..)` or `reply: Result(ok: .., err: ..)`",
        ],
    );
}
