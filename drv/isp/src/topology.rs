//! The entities of the ISP and the links between them.
//!
//! Names, kinds, pads and links are those of the OMAP3 ISP as `media-ctl -p` prints it (Linux
//! 4.11 on an OMAP36xx). The order is the order of `describe_entity` and never changes, so a
//! position is as good as a name inside of the driver.

use idl::types::{
    DeviceNode, EntityDescription, EntityFunction, IspError, LinkDescription, LinkFlags, Name,
};

/// Position of an entity in `describe_entity`.
pub mod position {
    /// OMAP3 ISP CCP2.
    pub const CCP2: u8 = 0;
    /// OMAP3 ISP CCP2 input.
    pub const CCP2_INPUT: u8 = 1;
    /// OMAP3 ISP CSI2a.
    pub const CSI2A: u8 = 2;
    /// OMAP3 ISP CSI2a output.
    pub const CSI2A_OUTPUT: u8 = 3;
    /// OMAP3 ISP CCDC.
    pub const CCDC: u8 = 4;
    /// OMAP3 ISP CCDC output.
    pub const CCDC_OUTPUT: u8 = 5;
    /// OMAP3 ISP preview.
    pub const PREVIEW: u8 = 6;
    /// OMAP3 ISP preview input.
    pub const PREVIEW_INPUT: u8 = 7;
    /// OMAP3 ISP preview output.
    pub const PREVIEW_OUTPUT: u8 = 8;
    /// OMAP3 ISP resizer.
    pub const RESIZER: u8 = 9;
    /// OMAP3 ISP resizer input.
    pub const RESIZER_INPUT: u8 = 10;
    /// OMAP3 ISP resizer output.
    pub const RESIZER_OUTPUT: u8 = 11;
    /// OMAP3 ISP AEWB.
    pub const AEWB: u8 = 12;
    /// OMAP3 ISP AF.
    pub const AF: u8 = 13;
    /// OMAP3 ISP histogram.
    pub const HISTOGRAM: u8 = 14;
}

use EntityFunction as Function;
use position::{
    AEWB, AF, CCDC, CCDC_OUTPUT, CCP2, CCP2_INPUT, CSI2A, CSI2A_OUTPUT, HISTOGRAM, PREVIEW,
    PREVIEW_INPUT, PREVIEW_OUTPUT, RESIZER, RESIZER_INPUT, RESIZER_OUTPUT,
};

/// A row of the entity table: pads as letters, `k` = sink, `s` = source.
struct Row(&'static str, Function, &'static str, DeviceNode);

const ENTITIES: [Row; 15] = [
    Row("OMAP3 ISP CCP2", Function::VidIfBridge, "ks", DeviceNode::Subdev(0)),
    Row("OMAP3 ISP CCP2 input", Function::IoV4l, "s", DeviceNode::Video(0)),
    Row("OMAP3 ISP CSI2a", Function::VidIfBridge, "ks", DeviceNode::Subdev(1)),
    Row("OMAP3 ISP CSI2a output", Function::IoV4l, "k", DeviceNode::Video(1)),
    Row("OMAP3 ISP CCDC", Function::PixelEncConv, "kss", DeviceNode::Subdev(2)),
    Row("OMAP3 ISP CCDC output", Function::IoV4l, "k", DeviceNode::Video(2)),
    Row("OMAP3 ISP preview", Function::PixelFormatter, "ks", DeviceNode::Subdev(3)),
    Row("OMAP3 ISP preview input", Function::IoV4l, "s", DeviceNode::Video(3)),
    Row("OMAP3 ISP preview output", Function::IoV4l, "k", DeviceNode::Video(4)),
    Row("OMAP3 ISP resizer", Function::Scaler, "ks", DeviceNode::Subdev(4)),
    Row("OMAP3 ISP resizer input", Function::IoV4l, "s", DeviceNode::Video(5)),
    Row("OMAP3 ISP resizer output", Function::IoV4l, "k", DeviceNode::Video(6)),
    Row("OMAP3 ISP AEWB", Function::Statistics, "k", DeviceNode::Subdev(5)),
    Row("OMAP3 ISP AF", Function::Statistics, "k", DeviceNode::Subdev(6)),
    Row("OMAP3 ISP histogram", Function::Statistics, "k", DeviceNode::Subdev(7)),
];

/// The video node whose frames a client most likely wants: flag DEFAULT of the 4.11 print.
const DEFAULT_ENTITY: u8 = RESIZER_OUTPUT;

/// Links that software switches; all are off at boot.
const SWITCHED: [[u8; 4]; 12] = [
    [CSI2A, 1, CSI2A_OUTPUT, 0],
    [CCP2_INPUT, 0, CCP2, 0],
    [CCDC, 1, CCDC_OUTPUT, 0],
    [PREVIEW_INPUT, 0, PREVIEW, 0],
    [PREVIEW, 1, PREVIEW_OUTPUT, 0],
    [RESIZER_INPUT, 0, RESIZER, 0],
    [RESIZER, 1, RESIZER_OUTPUT, 0],
    [CSI2A, 1, CCDC, 0],
    [CCP2, 1, CCDC, 0],
    [CCDC, 2, PREVIEW, 0],
    [CCDC, 1, RESIZER, 0],
    [PREVIEW, 1, RESIZER, 0],
];

/// Links that are wires: the statistics engines always see what the video port gives.
const WIRED: [[u8; 4]; 3] = [[CCDC, 2, AEWB, 0], [CCDC, 2, AF, 0], [CCDC, 2, HISTOGRAM, 0]];

/// The entity at `index`.
///
/// # Errors
/// `NoSuchEntity` beyond the last.
pub fn entity(index: u8) -> Result<EntityDescription, IspError> {
    let Row(name, function, pads, node) =
        ENTITIES.get(usize::from(index)).ok_or(IspError::NoSuchEntity)?;
    let sinks = (pads.bytes().enumerate())
        .fold(0, |sinks, (pad, kind)| sinks | u8::from(kind == b'k') << pad);
    // A video node does nothing alone, and a block does nothing without input; what leaves a
    // block may be ignored.
    let must_connect = if *function == Function::IoV4l { 1 } else { sinks };
    Ok(EntityDescription {
        name: Name::new(name),
        function: *function,
        pads: pads.len() as u8,
        sinks,
        must_connect,
        default: index == DEFAULT_ENTITY,
        node: *node,
    })
}

/// Position of the entity of that name.
///
/// # Errors
/// `NoSuchEntity`.
pub fn find(name: &Name) -> Result<u8, IspError> {
    let found = ENTITIES.iter().position(|Row(known, ..)| *known == name.as_str());
    found.map(|position| position as u8).ok_or(IspError::NoSuchEntity)
}

/// The link at `index`.
///
/// # Errors
/// `NoSuchLink` beyond the last.
pub fn link(index: u8) -> Result<LinkDescription, IspError> {
    let index = usize::from(index);
    let wired = LinkFlags(LinkFlags::ENABLED.0 | LinkFlags::IMMUTABLE.0);
    let ([source, source_pad, sink, sink_pad], flags) = match index.checked_sub(SWITCHED.len()) {
        None => (SWITCHED[index], LinkFlags::default()),
        Some(wire) => (*WIRED.get(wire).ok_or(IspError::NoSuchLink)?, wired),
    };
    Ok(LinkDescription { source: (source, source_pad), sink: (sink, sink_pad), flags })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn entities() -> Vec<EntityDescription> {
        (0..).map_while(|index| entity(index).ok()).collect()
    }

    fn links() -> Vec<LinkDescription> {
        (0..).map_while(|index| link(index).ok()).collect()
    }

    #[test]
    fn totals_are_those_of_the_omap3_isp() {
        let pads: u8 = entities().iter().map(|entity| entity.pads).sum();
        assert_eq!((entities().len(), links().len(), pads), (15, 15, 21));
        assert_eq!(entity(15), Err(IspError::NoSuchEntity));
        assert_eq!(link(15), Err(IspError::NoSuchLink));
        assert_eq!(link(255), Err(IspError::NoSuchLink));
    }

    #[test]
    fn each_link_joins_a_source_pad_to_a_sink_pad_once() {
        let entities = entities();
        let mut seen = BTreeSet::new();
        for LinkDescription { source, sink, .. } in links() {
            let (from, to) = (entities[usize::from(source.0)], entities[usize::from(sink.0)]);
            assert!(source.1 < from.pads && from.sinks & 1 << source.1 == 0, "{from:?}");
            assert!(sink.1 < to.pads && to.sinks & 1 << sink.1 != 0, "{to:?}");
            assert!(seen.insert((source, sink)));
        }
    }

    #[test]
    fn only_the_wires_to_the_statistics_are_on_and_immutable() {
        for link in links() {
            let wire = matches!(link.sink.0, AEWB | AF | HISTOGRAM);
            assert_eq!(link.flags.contains(LinkFlags::ENABLED), wire);
            assert_eq!(link.flags.contains(LinkFlags::IMMUTABLE), wire);
        }
    }

    #[test]
    fn positions_name_the_entities_they_say() {
        let check = |position, name: &str, node, must_connect| {
            let entity = entity(position).expect("in the table");
            assert_eq!(entity.name.as_str(), name);
            assert_eq!((entity.node, entity.must_connect), (node, must_connect), "{name}");
        };
        check(CCDC, "OMAP3 ISP CCDC", DeviceNode::Subdev(2), 1);
        check(CCDC_OUTPUT, "OMAP3 ISP CCDC output", DeviceNode::Video(2), 1);
        check(PREVIEW, "OMAP3 ISP preview", DeviceNode::Subdev(3), 1);
        check(PREVIEW_INPUT, "OMAP3 ISP preview input", DeviceNode::Video(3), 1);
        check(RESIZER, "OMAP3 ISP resizer", DeviceNode::Subdev(4), 1);
        check(RESIZER_OUTPUT, "OMAP3 ISP resizer output", DeviceNode::Video(6), 1);
        check(HISTOGRAM, "OMAP3 ISP histogram", DeviceNode::Subdev(7), 1);
        let defaults: Vec<_> = entities().into_iter().filter(|entity| entity.default).collect();
        assert_eq!(defaults.len(), 1);
        assert_eq!(defaults[0].node, DeviceNode::Video(6));
    }
}
