//! `graph`: the live media graph as `media-ctl -p` prints it, read from the graph task's memory.

use crate::dwarf::{Type, Value};
use crate::{Session, SessionError};
use serde::Serialize;
use std::fmt;

/// Task that holds the graph.
const TASK: &str = "graph";
/// Type that holds entities and links.
const TOPOLOGY: &str = "Topology";
/// Bit of a link's flags: MEDIA_LNK_FL_ENABLED.
const ENABLED: i128 = 1;
/// Bit of a link's flags: MEDIA_LNK_FL_IMMUTABLE.
const IMMUTABLE: i128 = 2;

/// A pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pad {
    /// Entity id.
    pub entity: u32,
    /// Pad number.
    pub pad: u8,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Source pad.
    pub source: Pad,
    /// Sink pad.
    pub sink: Pad,
    /// Whether data can flow.
    pub enabled: bool,
    /// Whether that cannot be changed.
    pub immutable: bool,
}

/// An entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Function.
    pub function: String,
    /// Device node.
    pub node: String,
    /// For each pad, whether it is a sink.
    pub sinks: Vec<bool>,
    /// Active formats by pad, as text.
    pub formats: Vec<Option<String>>,
}

/// The graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// Topology version.
    pub version: u32,
    /// By id.
    pub entities: Vec<Entity>,
    /// In table order.
    pub links: Vec<Link>,
}

/// Reads the graph.
///
/// # Errors
/// [`SessionError`]; `NoSuchThing` if the image has no graph task.
pub fn graph(session: &mut Session) -> Result<Graph, SessionError> {
    let missing = || SessionError::NoSuchThing { what: format!("{TOPOLOGY} in task {TASK}") };
    let index = session.task_index(TASK)?;
    let dwarf = session.archive.task(index)?;
    let mut found = None;
    for variable in dwarf.statics() {
        let ty = dwarf.type_of(variable)?;
        if holds(&ty, TOPOLOGY) {
            found = Some((variable.address, ty));
        }
    }
    let (address, ty) = found.ok_or_else(missing)?;
    let bytes = session.target.bytes(address, ty.size() as usize)?;
    let value = Value::decode(&ty, &bytes);
    let topology = named(&value, TOPOLOGY).ok_or_else(missing)?;
    Ok(Graph {
        version: number(topology, "version") as u32,
        entities: some_elements(topology, "entities").into_iter().filter_map(entity).collect(),
        links: some_elements(topology, "links").into_iter().filter_map(link).collect(),
    })
}

/// Whether a structure of that name is in the type.
fn holds(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Struct { name: own, members, .. } => {
            own == name || members.iter().any(|member| holds(&member.ty, name))
        }
        Type::Enum { variants, .. } => variants.iter().any(|variant| holds(&variant.ty, name)),
        _ => false,
    }
}

/// The structure of that name, at any depth.
fn named<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Struct(own, fields) = value else { return None };
    if own == name {
        return Some(value);
    }
    fields.iter().find_map(|(_, inner)| named(inner, name))
}

/// The elements of an array of options that are `Some`.
fn some_elements<'a>(value: &'a Value, field: &str) -> Vec<&'a Value> {
    let elements = value.field(field).and_then(Value::elements).unwrap_or_default();
    elements.iter().filter_map(|element| element.field("__0")).collect()
}

fn number(value: &Value, field: &str) -> i128 {
    value.field(field).and_then(Value::number).unwrap_or(0)
}

fn text(value: &Value) -> String {
    let bytes = value.elements().unwrap_or_default().iter().filter_map(Value::number);
    let bytes: Vec<u8> = bytes.map(|byte| byte as u8).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn entity(node: &Value) -> Option<Entity> {
    let inner = node.field("entity")?;
    let description = inner.field("description")?;
    let pads = number(description, "pads") as usize;
    let sinks = number(description, "sinks");
    // A dump may hold anything, also more pads than the word has bits.
    let bit = |pad: usize| sinks.checked_shr(pad as u32).unwrap_or(0) & 1;
    let sinks: Vec<bool> = (0..pads).map(|pad| bit(pad) == 1).collect();
    let state = node.field("state").and_then(|state| state.field("__0"));
    let formats = (0..pads).map(|pad| state.map(|state| pad_format(state, &sinks, pad))).collect();
    Some(Entity {
        id: number(inner, "id") as u32,
        name: text(description.field("name")?),
        function: description.field("function")?.name()?.to_string(),
        node: device_node(description.field("node")?),
        sinks,
        formats,
    })
}

fn device_node(value: &Value) -> String {
    let minor = number(value, "__0");
    match value.name() {
        Some("Video") => format!("/dev/video{minor}"),
        _ => format!("/dev/v4l-subdev{minor}"),
    }
}

/// The format of a pad: the sink's, or that of the first or second source pad.
fn pad_format(state: &Value, sinks: &[bool], pad: usize) -> String {
    let sources_before = sinks[..pad].iter().filter(|sink| !**sink).count();
    let field = match (sinks[pad], sources_before) {
        (true, _) => "sink",
        (false, 0) => "source",
        (false, _) => "video_port",
    };
    let format = state.field(field);
    let part = |name: &str| format.map_or(0, |format| number(format, name));
    let mut text =
        format!("{}/{}x{}", mbus_name(part("code")), part("width_px"), part("height_px"));
    if sinks[pad]
        && let Some(crop) = state.field("crop")
    {
        let (left, top) = (number(crop, "left_px"), number(crop, "top_px"));
        let (width, height) = (number(crop, "width_px"), number(crop, "height_px"));
        text.push_str(&format!(" crop:({left},{top})/{width}x{height}"));
    }
    text
}

/// Name of a media bus code as `media-ctl` prints it (linux/media-bus-format.h).
fn mbus_name(code: i128) -> String {
    match code {
        0x200f => "UYVY8_1X16".into(),
        0x2011 => "YUYV8_1X16".into(),
        0x3002 => "SGRBG8_1X8".into(),
        0x3007 => "SBGGR10_1X10".into(),
        0x3009 => "SGRBG10_DPCM8_1X8".into(),
        0x300a => "SGRBG10_1X10".into(),
        0x300e => "SGBRG10_1X10".into(),
        0x300f => "SRGGB10_1X10".into(),
        0x3011 => "SGRBG12_1X12".into(),
        other => format!("{other:#06x}"),
    }
}

fn link(value: &Value) -> Option<Link> {
    let pad = |field: &str| {
        let pad = value.field(field)?;
        Some(Pad { entity: number(pad, "entity") as u32, pad: number(pad, "pad") as u8 })
    };
    let flags = number(value, "flags");
    Some(Link {
        source: pad("source")?,
        sink: pad("sink")?,
        enabled: flags & ENABLED != 0,
        immutable: flags & IMMUTABLE != 0,
    })
}

impl Graph {
    fn name(&self, id: u32) -> &str {
        self.entities.iter().find(|entity| entity.id == id).map_or("?", |entity| &entity.name)
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Device topology (version {:#x})", self.version)?;
        for entity in &self.entities {
            let Entity { id, name, function, node, sinks, .. } = entity;
            let of_entity = |link: &&Link| link.source.entity == *id || link.sink.entity == *id;
            let links = self.links.iter().filter(of_entity).count();
            let plural =
                |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
            let (pads, links) = (plural(sinks.len(), "pad"), plural(links, "link"));
            writeln!(f, "- entity {id}: {name} ({pads}, {links})")?;
            writeln!(f, "            type {function}")?;
            writeln!(f, "            device node name {node}")?;
            for (pad, sink) in sinks.iter().enumerate() {
                writeln!(f, "\tpad{pad}: {}", if *sink { "Sink" } else { "Source" })?;
                if let Some(format) = &entity.formats[pad] {
                    writeln!(f, "\t\t[fmt:{format}]")?;
                }
                let here = Pad { entity: *id, pad: pad as u8 };
                for link in &self.links {
                    let (arrow, other) = match (link.source == here, link.sink == here) {
                        (true, _) => ("->", link.sink),
                        (_, true) => ("<-", link.source),
                        _ => continue,
                    };
                    let flags = flags(link);
                    writeln!(
                        f,
                        "\t\t{arrow} \"{}\":{} [{flags}]",
                        self.name(other.entity),
                        other.pad
                    )?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn flags(link: &Link) -> &'static str {
    match (link.enabled, link.immutable) {
        (true, true) => "ENABLED,IMMUTABLE",
        (true, false) => "ENABLED",
        (false, true) => "IMMUTABLE",
        (false, false) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node of the topology whose words have these values.
    fn node(pads: i128, sinks: i128) -> Value {
        let fields = |name: &str, fields: Vec<(&str, Value)>| {
            let fields = fields.into_iter().map(|(name, value)| (name.to_string(), value));
            Value::Struct(name.into(), fields.collect())
        };
        let description = fields(
            "EntityDescription",
            vec![
                ("name", Value::Array(vec![Value::Number(0x78)])),
                ("function", fields("Scaler", vec![])),
                ("pads", Value::Number(pads)),
                ("sinks", Value::Number(sinks)),
                ("node", fields("Video", vec![("__0", Value::Number(6))])),
            ],
        );
        let entity = vec![("id", Value::Number(3)), ("description", description)];
        fields("Node", vec![("entity", fields("Entity", entity)), ("state", Value::Bad("none"))])
    }

    #[test]
    fn pads_are_what_the_words_say_whatever_they_are() {
        for (pads, sinks, expect) in [(2, 1, 1), (0, 255, 0), (255, 255, 8), (255, -1, 128)] {
            let entity = entity(&node(pads, sinks)).expect("an entity");
            assert_eq!(entity.sinks.len(), pads as usize);
            assert_eq!(entity.sinks.iter().filter(|sink| **sink).count(), expect, "{pads} {sinks}");
        }
    }

    #[test]
    fn the_print_has_the_form_of_media_ctl() {
        let entity = |id, name: &str, node: &str, sinks: Vec<bool>| Entity {
            id,
            name: name.into(),
            function: "Scaler".into(),
            node: node.into(),
            formats: sinks.iter().map(|_| Some("UYVY8_1X16/640x480".into())).collect(),
            sinks,
        };
        let graph = Graph {
            version: 7,
            entities: vec![
                entity(3, "OMAP3 ISP resizer", "/dev/v4l-subdev4", vec![true, false]),
                entity(4, "OMAP3 ISP resizer output", "/dev/video6", vec![true]),
            ],
            links: vec![Link {
                source: Pad { entity: 3, pad: 1 },
                sink: Pad { entity: 4, pad: 0 },
                enabled: true,
                immutable: false,
            }],
        };
        let text = graph.to_string();
        for line in [
            "- entity 3: OMAP3 ISP resizer (2 pads, 1 link)",
            "\t\t-> \"OMAP3 ISP resizer output\":0 [ENABLED]",
            "\t\t<- \"OMAP3 ISP resizer\":1 [ENABLED]",
            "            device node name /dev/video6",
        ] {
            assert!(text.contains(line), "{line:?} is missing in\n{text}");
        }
    }
}
