//! Constants of one instance of a program: slots, bits, addresses, configuration.
//!
//! The program names absolute symbols; this module answers each from the manifest, and complains
//! about a question without an answer and about configuration that nobody asks for. The names are
//! those of `userlib`'s macros, with `-` written `_`.

use crate::error::SymbolError;
use build_manifest::{Config, ConfigValue, Image, Task};
use std::collections::BTreeSet;
use sys_abi::SLOT_WORDS;

/// A symbol that the program refers to, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Linker name.
    pub name: String,
    /// Value.
    pub value: Value,
}

/// The value of a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The symbol's address is the number.
    Absolute(u32),
    /// The symbol's address is that of these bytes, word-aligned.
    Bytes(Vec<u8>),
}

/// Name of a symbol in a program.
fn symbol(name: &str) -> String {
    name.replace('-', "_")
}

/// Answers all symbols that the program of task `index` refers to. Names without one of our
/// prefixes are the linker's business.
///
/// # Errors
/// Every mismatch between program and manifest.
pub fn definitions(
    image: &Image,
    index: usize,
    undefined: &BTreeSet<String>,
) -> Result<Vec<Definition>, Vec<SymbolError>> {
    let instance = Instance { image, task: &image.tasks[index], index };
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for name in undefined {
        match instance.answer(name) {
            None => {}
            Some(Ok(value)) => found.push(Definition { name: name.clone(), value }),
            // A string asks twice: for its address and for its length.
            Some(Err(error)) if errors.contains(&error) => {}
            Some(Err(error)) => errors.push(error),
        }
    }
    errors.extend(instance.unused(undefined));
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

struct Instance<'a> {
    image: &'a Image,
    task: &'a Task,
    index: usize,
}

type Answer = Result<Value, SymbolError>;

impl Instance<'_> {
    fn answer(&self, name: &str) -> Option<Answer> {
        let number = |value: usize| Value::Absolute(u32::try_from(value).unwrap_or(u32::MAX));
        match name {
            "__task_index" => return Some(Ok(number(self.index))),
            "__task_count" => return Some(Ok(number(self.image.tasks.len()))),
            _ => {}
        }
        let with = |prefix| name.strip_prefix(prefix);
        None.or_else(|| with("__slot_").map(|key| self.slot(key)))
            .or_else(|| with("__notification_").map(|key| self.notification(key)))
            .or_else(|| with("__post_").map(|key| self.post(key)))
            .or_else(|| with("__peripheral_").map(|key| self.peripheral(key)))
            .or_else(|| with("__region_").map(|key| self.region(key)))
            .or_else(|| with("__config_").map(|key| self.config(key)))
    }

    fn missing(&self, what: &'static str, key: &str, remedy: String) -> SymbolError {
        SymbolError::Missing { task: self.task.name.clone(), what, key: key.into(), remedy }
    }

    /// A declared slot, or the supervisor by its name: each task may send to it.
    fn slot(&self, key: &str) -> Answer {
        if symbol(&self.image.tasks[0].name) == key {
            return Ok(Value::Absolute(0));
        }
        let slot = self.task.slots.iter().find(|slot| symbol(&slot.name) == key);
        let remedy = || format!("`slots = {{ {key} = \"...\" }}`");
        slot.map(|slot| Value::Absolute(u32::try_from(slot.peer).unwrap_or(u32::MAX)))
            .ok_or_else(|| self.missing("slot", key, remedy()))
    }

    fn notification(&self, key: &str) -> Answer {
        let bit = self.task.notifications.iter().position(|name| symbol(name) == key);
        let remedy = || format!("\"{key}\" to `notifications`");
        bit.map(|bit| Value::Absolute(1 << bit))
            .ok_or_else(|| self.missing("notification", key, remedy()))
    }

    /// The bit of that name in the tasks that this one may post to: the same in all of them.
    fn post(&self, key: &str) -> Answer {
        let mut found: Option<(usize, u32)> = None;
        for post in &self.task.posts {
            let theirs = &self.image.tasks[post.target];
            let bit = theirs.notifications.iter().position(|name| symbol(name) == key);
            let Some(mask) = bit.map(|bit| 1u32 << bit).filter(|mask| mask & post.mask != 0) else {
                continue;
            };
            match found {
                Some((other, known)) if known != mask => {
                    return Err(SymbolError::PostBit {
                        task: self.task.name.clone(),
                        key: key.into(),
                        a: self.image.tasks[other].name.clone(),
                        b: theirs.name.clone(),
                    });
                }
                _ => found = Some((post.target, mask)),
            }
        }
        let remedy = || format!("`post` to a task whose `notifications` has \"{key}\"");
        found
            .map(|(_, mask)| Value::Absolute(mask))
            .ok_or_else(|| self.missing("post of", key, remedy()))
    }

    fn peripheral(&self, key: &str) -> Answer {
        let block = self.task.uses.iter().find(|block| symbol(block.name) == key);
        let remedy = || format!("`uses = [\"{key}\"]`");
        block
            .map(|block| Value::Absolute(block.range.base))
            .ok_or_else(|| self.missing("peripheral", key, remedy()))
    }

    /// A region by its own name, if the task maps it or names it, or by the configuration key that
    /// names it.
    fn region(&self, key: &str) -> Answer {
        let (name, bytes) = match key.strip_suffix("_bytes") {
            Some(name) if self.find_region(key).is_none() => (name, true),
            _ => (key, false),
        };
        let remedy = || {
            format!(
                "`maps = [\"{name}\"]`, a reader or writer there, or `config = {{ {name} = \"REGION\" }}`"
            )
        };
        let region = self.find_region(name).map(|position| self.image.regions[position].range);
        region
            .map(|range| Value::Absolute(if bytes { range.bytes } else { range.base }))
            .ok_or_else(|| self.missing("region", name, remedy()))
    }

    fn find_region(&self, key: &str) -> Option<usize> {
        let mapped = self.task.maps.iter().map(|mapping| mapping.region);
        let named = self.task.config.iter().filter_map(|config| match &config.value {
            ConfigValue::Region { region, .. } => Some(*region),
            _ => None,
        });
        let by_name = |position: &usize| symbol(&self.image.regions[*position].name) == key;
        mapped.chain(named).find(by_name).or_else(|| {
            self.task.config.iter().find_map(|config| match &config.value {
                ConfigValue::Region { region, .. } if symbol(&config.key) == key => Some(*region),
                _ => None,
            })
        })
    }

    fn find_config(&self, key: &str) -> Option<ConfigValue> {
        let own = self.task.config.iter().find(|config| symbol(&config.key) == key);
        own.map(|config| config.value.clone()).or_else(|| every_task(self.image, key))
    }

    fn config(&self, key: &str) -> Answer {
        let asks_length = key.strip_suffix("_len").filter(|_| self.find_config(key).is_none());
        let name = asks_length.unwrap_or(key);
        let remedy = || format!("`config = {{ {name} = ... }}`");
        let value = self.find_config(name).ok_or_else(|| self.missing("config", name, remedy()))?;
        let (bytes, count) = match value {
            ConfigValue::Word(word) if asks_length.is_none() => return Ok(Value::Absolute(word)),
            ConfigValue::Word(_) => {
                return Err(SymbolError::ConfigType {
                    task: self.task.name.clone(),
                    key: name.into(),
                    found: "a number",
                    asked: "a string or an array",
                });
            }
            ConfigValue::Text(text) | ConfigValue::Region { name: text, .. } => {
                (text.clone().into_bytes(), text.len())
            }
            ConfigValue::Words(words) => {
                (words.iter().flat_map(|word| word.to_le_bytes()).collect(), words.len())
            }
        };
        Ok(match asks_length {
            Some(_) => Value::Absolute(u32::try_from(count).unwrap_or(u32::MAX)),
            None => Value::Bytes(bytes),
        })
    }

    /// Configuration that the program does not ask for, and strings that it takes for numbers.
    fn unused<'a>(
        &'a self,
        undefined: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = SymbolError> + 'a {
        self.task.config.iter().filter_map(move |Config { key, value }| {
            let name = symbol(key);
            let asks = |text: String| undefined.contains(&text);
            let (task, key) = (self.task.name.clone(), key.clone());
            let value_asked = asks(format!("__config_{name}"));
            let length_asked = asks(format!("__config_{name}_len"));
            let region_asked = asks(format!("__region_{name}"));
            match value {
                ConfigValue::Region { name: region, .. }
                    if region_asked || asks(format!("__region_{}", symbol(region))) =>
                {
                    None
                }
                _ if !value_asked && !length_asked => Some(SymbolError::UnusedConfig { task, key }),
                ConfigValue::Text(_) | ConfigValue::Words(_) if !length_asked => {
                    Some(SymbolError::ConfigType {
                        task,
                        key,
                        found: "a string or an array",
                        asked: "a number",
                    })
                }
                _ => None,
            }
        })
    }
}

/// Arrays with one entry per task, for whoever asks: the supervisor's policy, names for messages.
fn every_task(image: &Image, key: &str) -> Option<ConfigValue> {
    const NONE: u32 = u32::MAX;
    let words =
        |of: &dyn Fn(&Task) -> u32| Some(ConfigValue::Words(image.tasks.iter().map(of).collect()));
    match key {
        "task_names" => {
            let names = image.tasks.iter().map(|task| format!("{}\n", task.name));
            Some(ConfigValue::Text(names.collect()))
        }
        "task_priority" => words(&|task| task.priority.into()),
        "task_slots" => {
            let slots = |task: &Task| {
                let mut words = [0; SLOT_WORDS];
                task.slots.iter().for_each(|slot| words[slot.peer / 32] |= 1 << (slot.peer % 32));
                words
            };
            Some(ConfigValue::Words(image.tasks.iter().flat_map(slots).collect()))
        }
        "task_hang_ms" => words(&|task| task.hang_ms.unwrap_or(0)),
        "task_quiesce" => words(&|task| {
            task.quiesce.and_then(|helper| u32::try_from(helper).ok()).unwrap_or(NONE)
        }),
        "task_restart_first_ms" => words(&|task| task.restart.map_or(NONE, |r| r.first_ms)),
        "task_restart_factor" => words(&|task| task.restart.map_or(1, |r| r.factor)),
        "task_restart_max_ms" => words(&|task| task.restart.map_or(0, |r| r.max_ms)),
        "task_restart_deaths" => words(&|task| task.restart.map_or(1, |r| r.deaths)),
        "task_restart_within_ms" => words(&|task| task.restart.map_or(0, |r| r.within_ms)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use build_manifest::load_text;
    use std::path::Path;

    const MANIFEST: &str = r#"
name = "test"
chip = "mps2-an521"
kernel = "sys/kern"
[tasks.supervisor]
crate = "task/supervisor"
priority = 0
notifications = ["fault"]
[tasks.server]
crate = "drv/isp"
priority = 1
notifications = ["x", "go"]
uses = ["isp"]
hang_ms = 70
[tasks.other]
crate = "drv/isp"
priority = 1
notifications = ["go"]
[tasks.client]
crate = "task/video"
priority = 2
slots = { the-server = "server" }
notifications = ["edge", "frame-done"]
post = ["server", "other"]
config = { entity = "resizer", pool = "video6", sizes = [1, 2], handles = 5 }
[tasks.idle]
crate = "task/idle"
priority = 3
hang_ms = 0
[regions.video6]
kind = "frame"
readers = ["client"]
bytes = 2048
[regions.foreign]
kind = "memory"
bytes = 1024
"#;

    fn image() -> Image {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two deep");
        load_text(root, Path::new("app.toml"), MANIFEST).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Everything that the configuration of `client` wants to be asked for.
    const CONFIG: [&str; 6] = [
        "__config_entity",
        "__config_entity_len",
        "__region_pool",
        "__config_sizes",
        "__config_sizes_len",
        "__config_handles",
    ];

    fn answers(names: &[&str]) -> Result<Vec<Definition>, Vec<String>> {
        let undefined = names.iter().chain(&CONFIG).map(ToString::to_string).collect();
        let errors = |errors: Vec<SymbolError>| errors.iter().map(ToString::to_string).collect();
        definitions(&image(), 3, &undefined).map_err(errors)
    }

    #[track_caller]
    fn check(name: &str, expect: Value) {
        let found = answers(&[name]).expect("answered");
        let value = found.into_iter().find(|definition| definition.name == name);
        assert_eq!(value.map(|definition| definition.value), Some(expect), "{name}");
    }

    #[track_caller]
    fn refuse(name: &str, expect: &str) {
        assert_eq!(answers(&[name]), Err(vec![expect.to_string()]));
    }

    #[test]
    fn each_kind_of_symbol_has_its_value() {
        check("__task_index", Value::Absolute(3));
        check("__task_count", Value::Absolute(5));
        check("__slot_the_server", Value::Absolute(1));
        check("__slot_supervisor", Value::Absolute(0));
        check("__notification_frame_done", Value::Absolute(2));
        check("__region_video6", Value::Absolute(0x8001_0400));
        check("__region_pool", Value::Absolute(0x8001_0400));
        check("__region_pool_bytes", Value::Absolute(2048));
        check("__config_handles", Value::Absolute(5));
        check("__config_entity", Value::Bytes(b"resizer".to_vec()));
        check("__config_entity_len", Value::Absolute(7));
        check("__config_pool", Value::Bytes(b"video6".to_vec()));
        check("__config_sizes", Value::Bytes(vec![1, 0, 0, 0, 2, 0, 0, 0]));
        check("__config_sizes_len", Value::Absolute(2));
        check("__config_task_names_len", Value::Absolute(36));
    }

    #[test]
    fn policy_is_filled_in_for_whoever_asks() {
        let words = [50u32, 70, 50, 50, 0].into_iter().flat_map(u32::to_le_bytes).collect();
        check("__config_task_hang_ms", Value::Bytes(words));
        let mut slots = [0; 5 * SLOT_WORDS];
        slots[3 * SLOT_WORDS] = 1_u32 << 1;
        let slots = slots.into_iter().flat_map(u32::to_le_bytes).collect();
        check("__config_task_slots", Value::Bytes(slots));
    }

    #[test]
    fn names_of_the_linker_script_are_left_alone() {
        let found = answers(&["__sdata", "memcpy"]).expect("not ours");
        assert!(found.iter().all(|definition| CONFIG.contains(&definition.name.as_str())));
    }

    #[test]
    fn a_question_without_an_answer_names_task_key_and_remedy() {
        refuse(
            "__slot_graph",
            "task client: its program asks for slot `graph` and [tasks.client] has none: add `slots = { graph = \"...\" }`",
        );
        refuse(
            "__notification_tick",
            "task client: its program asks for notification `tick` and [tasks.client] has none: add \"tick\" to `notifications`",
        );
        refuse(
            "__peripheral_isp",
            "task client: its program asks for peripheral `isp` and [tasks.client] has none: add `uses = [\"isp\"]`",
        );
        refuse(
            "__region_foreign",
            "task client: its program asks for region `foreign` and [tasks.client] has none: add `maps = [\"foreign\"]`, a reader or writer there, or `config = { foreign = \"REGION\" }`",
        );
        refuse(
            "__config_depth",
            "task client: its program asks for config `depth` and [tasks.client] has none: add `config = { depth = ... }`",
        );
    }

    #[test]
    fn configuration_that_nobody_asks_for_is_refused() {
        let undefined = CONFIG[..5].iter().map(ToString::to_string).collect();
        let errors = definitions(&image(), 3, &undefined).expect_err("`handles` is not asked for");
        let expect = SymbolError::UnusedConfig { task: "client".into(), key: "handles".into() };
        assert_eq!(errors, [expect]);
    }

    #[test]
    fn a_number_is_not_a_string() {
        refuse(
            "__config_handles_len",
            "task client: config `handles` is a number, and its program asks for a string or an array: change one",
        );
    }

    #[test]
    fn a_posted_bit_must_be_the_same_everywhere() {
        refuse(
            "__post_go",
            "task client posts `go` to server and to other, where it is not the same bit: give it the same position in both lists of notifications",
        );
        check("__post_x", Value::Absolute(1));
    }
}
