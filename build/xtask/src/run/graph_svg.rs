//! The media graph as a drawing: entities as boxes, links as arrows, enabled ones solid.
//!
//! The text is Graphviz dot, as `media-ctl --print-dot` writes it, so it can be used elsewhere;
//! the layout and the SVG are the `layout-rs` crate's.

use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};
use std::fmt::Write;

/// An entity to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityBox {
    /// Id in the graph.
    pub id: u32,
    /// Exact name.
    pub name: String,
    /// Device node, e.g. `/dev/video6`.
    pub node: String,
}

/// A link to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkArrow {
    /// Source entity and pad.
    pub source: (u32, u8),
    /// Sink entity and pad.
    pub sink: (u32, u8),
    /// Whether data can flow.
    pub enabled: bool,
}

/// The graph as dot text.
#[must_use]
pub fn dot(boxes: &[EntityBox], arrows: &[LinkArrow]) -> String {
    let mut text = String::from("digraph board {\n\trankdir=TB\n");
    for EntityBox { id, name, node } in boxes {
        let label = format!("{name}\\n{node}").replace('"', "'");
        // Writing into a String cannot fail.
        let _ = writeln!(text, "\tn{id} [label=\"{label}\", shape=box]");
    }
    for LinkArrow { source, sink, enabled } in arrows {
        let style = if *enabled { "solid" } else { "dashed" };
        let _ = writeln!(
            text,
            "\tn{} -> n{} [style={style}, label=\"{}:{}\"]",
            source.0, sink.0, source.1, sink.1
        );
    }
    text.push_str("}\n");
    text
}

/// Lays dot text out as SVG.
///
/// # Errors
/// If the text is not dot; says where.
pub fn svg(dot: &str) -> anyhow::Result<String> {
    let graph = DotParser::new(dot).process().map_err(|error| anyhow::anyhow!("dot: {error}"))?;
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&graph);
    let mut visual = builder.get();
    let mut writer = SVGWriter::new();
    visual.do_it(false, false, false, &mut writer);
    Ok(writer.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> String {
        let entity =
            |id, name: &str, node: &str| EntityBox { id, name: name.into(), node: node.into() };
        dot(
            &[
                entity(3, "OMAP3 ISP resizer", "/dev/v4l-subdev4"),
                entity(9, "OMAP3 ISP resizer output", "/dev/video6"),
            ],
            &[LinkArrow { source: (3, 1), sink: (9, 0), enabled: true }],
        )
    }

    #[test]
    fn dot_text_names_entities_and_links() {
        let expect = "digraph board {\n\trankdir=TB\n\
            \tn3 [label=\"OMAP3 ISP resizer\\n/dev/v4l-subdev4\", shape=box]\n\
            \tn9 [label=\"OMAP3 ISP resizer output\\n/dev/video6\", shape=box]\n\
            \tn3 -> n9 [style=solid, label=\"1:0\"]\n}\n";
        assert_eq!(example(), expect);
    }

    #[test]
    fn the_drawing_holds_every_name() {
        let drawing = svg(&example()).expect("valid dot");
        for text in ["<svg", "OMAP3 ISP resizer output", "/dev/v4l-subdev4"] {
            assert!(drawing.contains(text), "{text} is missing");
        }
    }

    #[test]
    fn bad_dot_is_refused() {
        assert!(svg("digraph {").is_err());
    }
}
