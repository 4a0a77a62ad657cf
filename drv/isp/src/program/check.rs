//! A pipeline is an allegation of the graph until the hardware's rules have been applied to it.

use idl::types::{
    BlockState, Feed, FormatChange, Input, IspError, MbusCode, PadFormat, Pipeline, PixFormat,
    PixelFormat, Rect, VideoNode,
};

use super::{Blocks, MemoryPath, Path, Route, csi2a};
use crate::formats::code::Encoding;
use crate::formats::{self, code};
use crate::topology::position;

/// Line distances and addresses are multiples of this, in bytes (TRM).
const BURST_BYTES: u32 = 32;
/// The same for lines that the preview engine reads (Linux omap3isp: 64, found by experiment).
const READ_BYTES: u32 = 64;
/// Largest line distance that all offset registers hold, in bytes.
const STRIDE_BYTES_MAX: u32 = 0xFFE0;

/// A pipeline that the hardware can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its blocks.
    pub route: Route,
    /// What the last block writes, in bytes.
    pub bytes: u32,
    /// What the first block reads from memory, in bytes.
    pub input_bytes: u32,
}

impl Checked {
    /// Where the frames end up.
    #[must_use]
    pub const fn video(&self) -> VideoNode {
        self.pipeline.video
    }

    /// Lines of the pictures that come to the CCDC; 0 if it has no part in it.
    #[must_use]
    pub const fn ccdc_lines(&self) -> u16 {
        match self.pipeline.input.ccdc() {
            Some(state) => state.sink.height_px,
            None => 0,
        }
    }

    /// The node whose buffers are read, if there is one.
    #[must_use]
    pub const fn input(&self) -> Option<VideoNode> {
        match self.route {
            Route::Live(_) | Route::Serial(_) | Route::Csi2a => None,
            Route::Memory(path) => Some(path.input()),
        }
    }

    /// The same pipeline with another crop of the resizer.
    ///
    /// # Errors
    /// `InvalidPipeline` if there is no resizer, its formats would change, or the crop is not one
    /// that its rules give.
    pub fn with_crop(&self, resizer: &BlockState) -> Result<Self, IspError> {
        let same = self.pipeline.resizer.is_some_and(|running| {
            (running.sink, running.source) == (resizer.sink, resizer.source)
        });
        ensure(same && is_solved(resizer))?;
        let pipeline = Pipeline { resizer: Some(*resizer), ..self.pipeline };
        Ok(Self { pipeline, ..*self })
    }
}

/// Checks a pipeline.
///
/// # Errors
/// `InvalidPipeline` if the blocks do not lead from the input to the node, a state is not one that
/// the rules of its block give, two ends of a link differ, or a memory format does not fit the block
/// at that end.
pub fn check(pipeline: &Pipeline) -> Result<Checked, IspError> {
    let route = route(pipeline).ok_or(IspError::InvalidPipeline)?;
    if let Some(preview) = &pipeline.preview {
        let from_memory = matches!(pipeline.input, Input::Memory { .. });
        let feed = if from_memory { Feed::Memory } else { Feed::Live };
        ensure(is_canonical(position::PREVIEW, feed, preview))?;
    }
    if let Some(resizer) = &pipeline.resizer {
        ensure(is_solved(resizer))?;
    }
    if let (Some(preview), Some(resizer)) = (&pipeline.preview, &pipeline.resizer) {
        ensure(linked(&preview.source, resizer))?;
    }
    let first = pipeline.preview.as_ref().or(pipeline.resizer.as_ref());
    if let Some(ccdc) = pipeline.input.ccdc() {
        ensure(is_canonical(position::CCDC, Feed::Live, ccdc))?;
        ensure(dropped_bits(&pipeline.input).is_some())?;
        ensure(passes(ccdc.sink.code, &pipeline.input, route.behind_ccdc()))?;
        let developed = pipeline.preview.is_some();
        let offered = if developed { &ccdc.video_port } else { &ccdc.source };
        ensure(first.is_none_or(|first| linked(offered, first)))?;
    }
    let input_bytes = match (&pipeline.input, first) {
        (Input::Sensor { .. }, _) => 0,
        (Input::Csi2a { sink, source, ccdc }, _) => {
            check_serial((*sink, *source), ccdc.as_ref(), &pipeline.output)?;
            0
        }
        (Input::Ccp2 { format, ccdc }, _) => {
            let receiver = receiver(format)?;
            ensure(is_same_size(&receiver.source, &ccdc.sink))?;
            memory_bytes(&receiver.sink, format).ok_or(IspError::InvalidPipeline)?
        }
        (Input::Memory { video, format }, Some(first)) => {
            let unit = if *video == VideoNode::PreviewInput { READ_BYTES } else { BURST_BYTES };
            ensure(format.stride_bytes.is_multiple_of(unit))?;
            memory_bytes(&first.sink, format).ok_or(IspError::InvalidPipeline)?
        }
        (Input::Memory { .. }, None) => return Err(IspError::InvalidPipeline),
    };
    let bytes = match (&pipeline.input, &pipeline.preview, &pipeline.resizer) {
        (_, _, Some(resizer)) => memory_bytes(&resizer.source, &pipeline.output),
        (_, Some(preview), None) => memory_bytes(&preview.source, &pipeline.output),
        (Input::Csi2a { source, ccdc: None, .. }, None, None) => {
            received_bytes(source, &pipeline.output)
        }
        (input, None, None) => {
            input.ccdc().and_then(|ccdc| memory_bytes(&ccdc.source, &pipeline.output))
        }
    };
    let bytes = bytes.ok_or(IspError::InvalidPipeline)?;
    Ok(Checked { pipeline: *pipeline, route, bytes, input_bytes })
}

/// Whether the CCDC can send this on its way.
fn passes(code: MbusCode, input: &Input, path: Option<Path>) -> bool {
    match (code::encoding(code), path) {
        // The resizer takes nothing raw.
        (_, None) | (Some(Encoding::Bayer { .. }), Some(Path::Scaled)) => false,
        // The video port's bits are the lower ones of the preview engine's ten: eight would be too dark.
        (Some(Encoding::Bayer { bits, .. }), Some(path)) => {
            bits >= 10 || bits == 8 && path == Path::Raw
        }
        // It does not go over the video port (TRM), and the bridge is that of the parallel port.
        (Some(Encoding::Yuv8 { .. }), Some(Path::Raw | Path::Scaled)) => {
            matches!(input, Input::Sensor { .. })
        }
        _ => false,
    }
}

/// The way between the two ends, if the blocks are those on it.
fn route(pipeline: &Pipeline) -> Option<Route> {
    let developed = pipeline.preview.is_some();
    let route = match pipeline.input {
        Input::Sensor { .. } => Route::Live(Path::to(pipeline.video, developed)?),
        Input::Csi2a { ccdc: Some(_), .. } => Route::Serial(Path::to(pipeline.video, developed)?),
        Input::Csi2a { ccdc: None, .. } if pipeline.video == VideoNode::Csi2aOutput => Route::Csi2a,
        Input::Csi2a { .. } => return None,
        Input::Memory { video, .. } => {
            Route::Memory(MemoryPath::between(video, pipeline.video, developed)?)
        }
        Input::Ccp2 { .. } => {
            Route::Memory(MemoryPath::between(VideoNode::Ccp2Input, pipeline.video, developed)?)
        }
    };
    let needs = |block| route.blocks().overlap(block);
    // What the CCDC runs is part of the input.
    if pipeline.input.ccdc().is_some() != needs(Blocks::CCDC) {
        return None;
    }
    let given = pipeline.preview.is_some() == needs(Blocks::PREVIEW)
        && pipeline.resizer.is_some() == needs(Blocks::RESIZER);
    given.then_some(route)
}

/// Whether the receiver CSI2a can do what is on its pads, and what is behind it fits.
fn check_serial(
    (sink, source): (PadFormat, PadFormat),
    ccdc: Option<&BlockState>,
    output: &PixFormat,
) -> Result<(), IspError> {
    let changes = [(0, sink), (1, source)];
    let start = formats::default_state(position::CSI2A)?;
    let state = changes.into_iter().try_fold(start, |state, (pad, format)| {
        formats::adjust(position::CSI2A, state, Feed::Live, FormatChange::Format { pad, format })
    })?;
    ensure((state.sink, state.source) == (sink, source))?;
    ensure(ccdc.is_none_or(|ccdc| is_same_size(&source, &ccdc.sink)))?;
    let memory = ccdc.is_none().then_some(output.pixel_format);
    ensure(csi2a::format(sink.code, source.code, memory).is_some())
}

/// What the receiver CCP2 has on its pads when such frames lie in memory.
fn receiver(format: &PixFormat) -> Result<BlockState, IspError> {
    let PixFormat { width_px, height_px, .. } = *format;
    let compressed = format.pixel_format == PixelFormat::SGRBG10_DPCM8;
    let code = if compressed { MbusCode::SGRBG10_DPCM8 } else { MbusCode::SGRBG10 };
    let change = FormatChange::Format { pad: 0, format: PadFormat { width_px, height_px, code } };
    let state = formats::default_state(position::CCP2)?;
    formats::adjust(position::CCP2, state, Feed::Live, change)
}

fn ensure(condition: bool) -> Result<(), IspError> {
    if condition { Ok(()) } else { Err(IspError::InvalidPipeline) }
}

/// Bits of the CCDC's input that its lane shifter drops; `None` if it cannot give what the sink wants, or no
/// input leads to the CCDC.
pub fn dropped_bits(input: &Input) -> Option<u8> {
    let offered = match input {
        Input::Sensor { code, .. } => *code,
        Input::Csi2a { source, .. } => source.code,
        // The receiver decompresses.
        Input::Ccp2 { .. } => MbusCode::SGRBG10,
        Input::Memory { .. } => return None,
    };
    code::lane_shift(offered, input.ccdc()?.sink.code)
}

fn is_same_size(source: &PadFormat, sink: &PadFormat) -> bool {
    (source.width_px, source.height_px) == (sink.width_px, sink.height_px)
}

fn linked(source: &PadFormat, sink: &BlockState) -> bool {
    *source == sink.sink
}

/// Whether the rules lead from the sink to this very state.
fn is_canonical(entity: u8, feed: Feed, state: &BlockState) -> bool {
    let changes = [
        FormatChange::Format { pad: 0, format: state.sink },
        FormatChange::Crop(state.crop),
        FormatChange::Format { pad: 1, format: state.source },
        FormatChange::Format { pad: 2, format: state.video_port },
    ];
    let start = formats::default_state(entity);
    let end = changes.iter().try_fold(start, |state, change| {
        state.map(|state| formats::adjust(entity, state, feed, *change))
    });
    let Ok(Ok(end)) = end else { return false };
    (end.sink, end.crop, end.source) == (state.sink, state.crop, state.source)
        && (entity != position::CCDC || end.video_port == state.video_port)
}

/// Whether the resizer's crop is exactly what its output needs, and lies in its input.
fn is_solved(state: &BlockState) -> bool {
    let BlockState { sink, crop, source, .. } = *state;
    let Rect { left_px, top_px, width_px, height_px } = crop;
    let inside = left_px.checked_add(width_px).is_some_and(|right| right <= sink.width_px)
        && top_px.checked_add(height_px).is_some_and(|bottom| bottom <= sink.height_px);
    // Below that the equations have no solution.
    let large_enough =
        width_px >= 8 && height_px >= 8 && source.width_px > 1 && source.height_px > 1;
    if !inside || !large_enough || left_px % 2 != 0 || source.code != sink.code {
        return false;
    }
    let (horizontal, vertical) = formats::resizer::axes(state);
    (horizontal.input, vertical.input) == (width_px.into(), height_px.into())
        && (horizontal.out, vertical.out) == (source.width_px.into(), source.height_px.into())
}

/// Bytes from the first to the last of the picture; `None` if memory and pad do not fit.
fn memory_bytes(pad: &PadFormat, memory: &PixFormat) -> Option<u32> {
    let line_bytes = u32::from(pad.width_px) * code::pixel_bytes(code::encoding(pad.code)?);
    let same_format = code::pixel_format(pad.code) == Some(memory.pixel_format);
    let bytes = lines_bytes(pad, memory, line_bytes);
    bytes.filter(|_| same_format)
}

/// The same behind the receiver CSI2a, which can also write the bytes of RAW10 as they come.
fn received_bytes(pad: &PadFormat, memory: &PixFormat) -> Option<u32> {
    let packed = memory.pixel_format == PixelFormat::SGRBG10P && pad.code == MbusCode::SGRBG10;
    if !packed {
        return memory_bytes(pad, memory);
    }
    lines_bytes(pad, memory, u32::from(pad.width_px).div_ceil(4) * 5)
}

/// Bytes of all lines; `None` if they do not fit.
fn lines_bytes(pad: &PadFormat, memory: &PixFormat, line_bytes: u32) -> Option<u32> {
    let fits = (memory.width_px, memory.height_px) == (pad.width_px, pad.height_px)
        && memory.stride_bytes >= line_bytes
        && memory.stride_bytes.is_multiple_of(BURST_BYTES)
        && memory.stride_bytes <= STRIDE_BYTES_MAX;
    let bytes = memory.stride_bytes.checked_mul(pad.height_px.into())?;
    (fits && bytes <= memory.size_bytes).then_some(bytes)
}
