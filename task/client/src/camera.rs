//! The usual pipelines, set up as `media-ctl -l` and `media-ctl -V` would.
//!
//! ```text
//!   processed: sensor:0 → CCDC:0, CCDC:2 → preview:0, preview:1 → resizer:0, resizer:1 → resizer output:0
//!   previewed: sensor:0 → CCDC:0, CCDC:2 → preview:0, preview:1 → preview output:0
//!   raw:       sensor:0 → CCDC:0, CCDC:1 → CCDC output:0
//!   ycbcr:     as raw, from a sensor that sends YCbCr
//!   ycbcr and scaled: sensor:0 → CCDC:0, CCDC:1 → resizer:0, resizer:1 → resizer output:0
//!   serial:    sensor:0 → CSI2a:0 (a wire), CSI2a:1 → CSI2a output:0
//!   serial and raw: sensor:0 → CSI2a:0, CSI2a:1 → CCDC:0, CCDC:1 → CCDC output:0
//!   serial and previewed: the same up to CCDC:0, CCDC:2 → preview:0, preview:1 → preview output:0
//!   developed: preview input:0 → preview:0, preview:1 → preview output:0
//!   scaled:    resizer input:0 → resizer:0, resizer:1 → resizer output:0
//!   received:  CCP2 input:0 → CCP2:0, CCP2:1 → CCDC:0, CCDC:1 → CCDC output:0
//!   received and developed: the same up to CCDC:0, CCDC:2 → preview:0, preview:1 → preview output:0
//! ```

use idl::types::{
    BlockState, Entity, EntityFunction, MbusCode, Name, NodeError, PadFormat, PixFormat,
    PixelFormat, Rect, TaskIndex, code,
};
use idol_runtime::ipc;

use crate::{Failure, Media, Subdev};

const CCP2: &str = "OMAP3 ISP CCP2";
const CCP2_INPUT: &str = "OMAP3 ISP CCP2 input";
const CSI2A: &str = "OMAP3 ISP CSI2a";
const CSI2A_OUTPUT: &str = "OMAP3 ISP CSI2a output";
const CCDC: &str = "OMAP3 ISP CCDC";
const CCDC_OUTPUT: &str = "OMAP3 ISP CCDC output";
const PREVIEW: &str = "OMAP3 ISP preview";
const PREVIEW_INPUT: &str = "OMAP3 ISP preview input";
const PREVIEW_OUTPUT: &str = "OMAP3 ISP preview output";
const RESIZER: &str = "OMAP3 ISP resizer";
const RESIZER_INPUT: &str = "OMAP3 ISP resizer input";
const RESIZER_OUTPUT: &str = "OMAP3 ISP resizer output";

/// What the sensor sends, and what the CCDC takes of it, unless something else is asked for.
const TEN_BITS: (MbusCode, MbusCode) = (MbusCode::SGRBG10, MbusCode::SGRBG10);

/// A pad by the name of its entity.
type Pad<'a> = (&'a str, u8);

/// The nodes of a camera.
#[derive(Clone, Copy, Debug)]
pub struct Camera {
    /// Media node.
    pub media: TaskIndex,
    /// Subdev node of the sensor.
    pub sensor: TaskIndex,
    /// Subdev node of the CCDC.
    pub ccdc: TaskIndex,
    /// Subdev node of the preview engine.
    pub preview: TaskIndex,
    /// Subdev node of the resizer.
    pub resizer: TaskIndex,
}

/// What became of a wish: which part of the picture each block uses, and what lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Part of the pixel array that is read out.
    pub sensor: Rect,
    /// Width and height of the sensor's picture.
    pub sensor_px: (u16, u16),
    /// Crop of the CCDC's output formatter.
    pub ccdc: Rect,
    /// Crop of the preview engine; `None` if it is not part of the pipeline.
    pub preview: Option<Rect>,
    /// Crop of the resizer; `None` if it is not part of the pipeline.
    pub resizer: Option<Rect>,
    /// What to ask of the video node.
    pub output: PixFormat,
}

/// What became of a wish for a pipeline from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLayout {
    /// What to ask of the video output node.
    pub input: PixFormat,
    /// What to ask of the video capture node.
    pub output: PixFormat,
    /// Part of the input that is used.
    pub crop: Rect,
}

impl Camera {
    /// Sets up the processed pipeline for pictures of `output_px` (width, height) in YUYV.
    /// `sensor_px` is the wanted size of the sensor's picture; (0, 0) asks for twice the output,
    /// which the resizer scales down with its 4-tap filter.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn processed(
        &self,
        sensor_px: (u16, u16),
        output_px: (u16, u16),
    ) -> Result<Layout, Failure> {
        let media = Media::open(self.media)?;
        let linked = self.link_sensor(&media).and_then(|()| {
            media.connect((CCDC, 2), (PREVIEW, 0))?;
            media.connect((PREVIEW, 1), (RESIZER, 0))?;
            media.connect((RESIZER, 1), (RESIZER_OUTPUT, 0))
        });
        media.close()?;
        linked?;
        let (sensor, ccdc) = self.set_input(sensor_px, output_px, TEN_BITS)?;
        let preview = with(self.preview, |node| node.set_format(0, ccdc.video_port))?;
        let resizer = with(self.resizer, |node| {
            node.set_format(0, preview.source)?;
            let (width_px, height_px) = output_px;
            node.set_format(1, PadFormat { width_px, height_px, code: MbusCode::YUYV8_1X16 })
        })?;
        Ok(Layout {
            sensor: sensor.crop,
            sensor_px: (sensor.source.width_px, sensor.source.height_px),
            ccdc: ccdc.crop,
            preview: Some(preview.crop),
            resizer: Some(resizer.crop),
            output: in_memory(resizer.source, PixelFormat::YUYV),
        })
    }

    /// Sets up the raw pipeline: what the CCDC writes, as the sensor made it.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn raw(&self, sensor_px: (u16, u16), output_px: (u16, u16)) -> Result<Layout, Failure> {
        self.raw_of(sensor_px, output_px, TEN_BITS)
    }

    /// As [`Camera::raw`], with the code that the sensor sends, and the one that the CCDC takes of it.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn raw_of(
        &self,
        sensor_px: (u16, u16),
        output_px: (u16, u16),
        codes: (MbusCode, MbusCode),
    ) -> Result<Layout, Failure> {
        let media = Media::open(self.media)?;
        let linked =
            self.link_sensor(&media).and_then(|()| media.connect((CCDC, 1), (CCDC_OUTPUT, 0)));
        media.close()?;
        linked?;
        let (sensor, ccdc) = self.set_input(sensor_px, output_px, codes)?;
        let (width_px, height_px) = output_px;
        let crop = Rect { left_px: 0, top_px: 0, width_px, height_px };
        let ccdc = if width_px < ccdc.crop.width_px || height_px < ccdc.crop.height_px {
            with(self.ccdc, |node| node.set_crop(crop))?
        } else {
            ccdc
        };
        Ok(Layout {
            sensor: sensor.crop,
            sensor_px: (sensor.source.width_px, sensor.source.height_px),
            ccdc: ccdc.crop,
            preview: None,
            resizer: None,
            output: raw_in_memory(ccdc.source),
        })
    }

    /// Sets up the pipeline of a sensor that sends YCbCr with the code `sent`: the CCDC writes it in the order of
    /// `stored`, a code of one transfer a pixel.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn ycbcr(
        &self,
        sensor_px: (u16, u16),
        (sent, stored): (MbusCode, MbusCode),
    ) -> Result<Layout, Failure> {
        let layout = self.raw_of(sensor_px, sensor_px, (sent, sent))?;
        let ccdc = with(self.ccdc, |node| {
            let (width_px, height_px) = (layout.ccdc.width_px, layout.ccdc.height_px);
            node.set_format(1, PadFormat { width_px, height_px, code: stored })
        })?;
        Ok(Layout { output: raw_in_memory(ccdc.source), ..layout })
    }

    /// The same through the resizer, in YUYV.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn ycbcr_scaled(
        &self,
        sensor_px: (u16, u16),
        (width_px, height_px): (u16, u16),
        sent: MbusCode,
    ) -> Result<Layout, Failure> {
        let media = Media::open(self.media)?;
        let linked = self.link_sensor(&media).and_then(|()| {
            media.connect((CCDC, 1), (RESIZER, 0))?;
            media.connect((RESIZER, 1), (RESIZER_OUTPUT, 0))
        });
        media.close()?;
        linked?;
        let (sensor, _) = self.set_input(sensor_px, (width_px, height_px), (sent, sent))?;
        let code = MbusCode::YUYV8_1X16;
        let ccdc = with(self.ccdc, |node| node.set_format(1, PadFormat { code, ..sensor.source }))?;
        let resizer = with(self.resizer, |node| {
            node.set_format(0, ccdc.source)?;
            node.set_format(1, PadFormat { width_px, height_px, code })
        })?;
        Ok(Layout {
            sensor: sensor.crop,
            sensor_px: (sensor.source.width_px, sensor.source.height_px),
            ccdc: ccdc.crop,
            preview: None,
            resizer: Some(resizer.crop),
            output: in_memory(resizer.source, PixelFormat::YUYV),
        })
    }

    /// Sets up the pipeline of the sensor that ends behind the preview engine, in YUYV.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn previewed(&self, sensor_px: (u16, u16)) -> Result<Layout, Failure> {
        self.previewed_of(sensor_px, TEN_BITS)
    }

    /// As [`Camera::previewed`], with the code that the sensor sends, and the one that the CCDC takes of it.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn previewed_of(
        &self,
        sensor_px: (u16, u16),
        codes: (MbusCode, MbusCode),
    ) -> Result<Layout, Failure> {
        let media = Media::open(self.media)?;
        let linked = self.link_sensor(&media).and_then(|()| {
            media.connect((CCDC, 2), (PREVIEW, 0))?;
            media.connect((PREVIEW, 1), (PREVIEW_OUTPUT, 0))
        });
        media.close()?;
        linked?;
        let (sensor, ccdc) = self.set_input(sensor_px, sensor_px, codes)?;
        let preview = with(self.preview, |node| node.set_format(0, ccdc.video_port))?;
        Ok(Layout {
            sensor: sensor.crop,
            sensor_px: (sensor.source.width_px, sensor.source.height_px),
            ccdc: ccdc.crop,
            preview: Some(preview.crop),
            resizer: None,
            output: in_memory(preview.source, PixelFormat::YUYV),
        })
    }

    /// Sets up the pipeline of the sensor's serial line to memory, where `pixel_format` lies; `csi2a` is the
    /// receiver's subdev node. SGRBG10 is sent as it is, or, if `compressed`, decompressed by the
    /// receiver.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn serial(
        &self,
        csi2a: TaskIndex,
        sensor_px: (u16, u16),
        (pixel_format, compressed): (PixelFormat, bool),
    ) -> Result<Layout, Failure> {
        self.link(&[((CSI2A, 1), (CSI2A_OUTPUT, 0))])?;
        let (sent, stored) = match pixel_format {
            PixelFormat::SGRBG12 => (MbusCode::SGRBG12, MbusCode::SGRBG12),
            PixelFormat::SGRBG8 => (MbusCode::SGRBG8, MbusCode::SGRBG8),
            PixelFormat::SGRBG10_DPCM8 => (MbusCode::SGRBG10_DPCM8, MbusCode::SGRBG10_DPCM8),
            _ if compressed => (MbusCode::SGRBG10_DPCM8, MbusCode::SGRBG10),
            _ => (MbusCode::SGRBG10, MbusCode::SGRBG10),
        };
        let (sensor, receiver) = self.set_serial(csi2a, sensor_px, (sent, stored))?;
        Ok(Layout {
            sensor: sensor.crop,
            sensor_px,
            ccdc: Rect::default(),
            preview: None,
            resizer: None,
            output: in_memory(receiver.source, pixel_format),
        })
    }

    /// Sets up the raw pipeline of the sensor's serial line: the CCDC writes what the receiver gives it.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn serial_raw(
        &self,
        csi2a: TaskIndex,
        sensor_px: (u16, u16),
        compressed: bool,
    ) -> Result<Layout, Failure> {
        let sent = if compressed { MbusCode::SGRBG10_DPCM8 } else { MbusCode::SGRBG10 };
        self.serial_raw_of(csi2a, sensor_px, (sent, MbusCode::SGRBG10, MbusCode::SGRBG10))
    }

    /// As [`Camera::serial_raw`], with the code that the sensor sends, the one that the receiver passes on,
    /// and the one that the CCDC takes of that.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn serial_raw_of(
        &self,
        csi2a: TaskIndex,
        sensor_px: (u16, u16),
        codes: (MbusCode, MbusCode, MbusCode),
    ) -> Result<Layout, Failure> {
        self.link(&[((CSI2A, 1), (CCDC, 0)), ((CCDC, 1), (CCDC_OUTPUT, 0))])?;
        let (sensor, ccdc) = self.set_serial_ccdc(csi2a, sensor_px, codes)?;
        Ok(Layout {
            sensor: sensor.crop,
            sensor_px,
            ccdc: ccdc.crop,
            preview: None,
            resizer: None,
            output: raw_in_memory(ccdc.source),
        })
    }

    /// As [`Camera::serial_raw`], not compressed, but the CCDC feeds the preview engine, which writes.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn serial_previewed(
        &self,
        csi2a: TaskIndex,
        sensor_px: (u16, u16),
    ) -> Result<Layout, Failure> {
        self.link(&[
            ((CSI2A, 1), (CCDC, 0)),
            ((CCDC, 2), (PREVIEW, 0)),
            ((PREVIEW, 1), (PREVIEW_OUTPUT, 0)),
        ])?;
        let ten = MbusCode::SGRBG10;
        let (sensor, ccdc) = self.set_serial_ccdc(csi2a, sensor_px, (ten, ten, ten))?;
        let preview = with(self.preview, |node| node.set_format(0, ccdc.video_port))?;
        Ok(Layout {
            sensor: sensor.crop,
            sensor_px,
            ccdc: ccdc.crop,
            preview: Some(preview.crop),
            resizer: None,
            output: in_memory(preview.source, PixelFormat::YUYV),
        })
    }

    /// Sensor, receiver and CCDC.
    fn set_serial_ccdc(
        &self,
        csi2a: TaskIndex,
        sensor_px: (u16, u16),
        (sent, passed, taken): (MbusCode, MbusCode, MbusCode),
    ) -> Result<(BlockState, BlockState), Failure> {
        let (sensor, receiver) = self.set_serial(csi2a, sensor_px, (sent, passed))?;
        let sink = PadFormat { code: taken, ..receiver.source };
        let ccdc = with(self.ccdc, |node| node.set_format(0, sink))?;
        Ok((sensor, ccdc))
    }

    /// Sensor and receiver: what is on the line, and what the receiver makes of it.
    fn set_serial(
        &self,
        csi2a: TaskIndex,
        (width_px, height_px): (u16, u16),
        (sent, passed): (MbusCode, MbusCode),
    ) -> Result<(BlockState, BlockState), Failure> {
        let wanted = PadFormat { width_px, height_px, code: sent };
        let sensor = with(self.sensor, |node| node.set_format(0, wanted))?;
        let receiver = with(csi2a, |node| {
            node.set_format(0, sensor.source)?;
            node.set_format(1, PadFormat { code: passed, ..sensor.source })
        })?;
        Ok((sensor, receiver))
    }

    /// Sets up the pipeline that develops raw pictures of `input_px` (width, height) from memory: of
    /// SGRBG8 if `eight_bits`, else of SGRBG10.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn developed(
        &self,
        input_px: (u16, u16),
        eight_bits: bool,
    ) -> Result<MemoryLayout, Failure> {
        self.developed_of(input_px, if eight_bits { MbusCode::SGRBG8 } else { MbusCode::SGRBG10 })
    }

    /// As [`Camera::developed`], of any code that the preview engine takes: a mosaic or grey, of 8 or 10 bits.
    ///
    /// # Errors
    /// As [`Camera::developed`]; `InvalidFormat` for a code that it does not take.
    pub fn developed_of(
        &self,
        (width_px, height_px): (u16, u16),
        code: MbusCode,
    ) -> Result<MemoryLayout, Failure> {
        self.link(&[((PREVIEW_INPUT, 0), (PREVIEW, 0)), ((PREVIEW, 1), (PREVIEW_OUTPUT, 0))])?;
        let raw = PadFormat { width_px, height_px, code };
        let preview = with(self.preview, |node| node.set_format(0, raw))?;
        let in_buffers = code::pixel_format(code).filter(|_| preview.sink.code == code);
        let pixel_format = in_buffers.ok_or(ipc::Error::Op(NodeError::InvalidFormat))?;
        Ok(MemoryLayout {
            input: in_memory(preview.sink, pixel_format),
            output: in_memory(preview.source, PixelFormat::YUYV),
            crop: preview.crop,
        })
    }

    /// Sets up the pipeline that scales pictures of `input_px` (width, height) in YUYV from memory to
    /// `output_px`.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn scaled(
        &self,
        input_px: (u16, u16),
        output_px: (u16, u16),
    ) -> Result<MemoryLayout, Failure> {
        self.link(&[((RESIZER_INPUT, 0), (RESIZER, 0)), ((RESIZER, 1), (RESIZER_OUTPUT, 0))])?;
        let code = MbusCode::YUYV8_1X16;
        let wanted = |(width_px, height_px)| PadFormat { width_px, height_px, code };
        let resizer = with(self.resizer, |node| {
            node.set_format(0, wanted(input_px))?;
            node.set_format(1, wanted(output_px))
        })?;
        Ok(MemoryLayout {
            input: in_memory(resizer.sink, PixelFormat::YUYV),
            output: in_memory(resizer.source, PixelFormat::YUYV),
            crop: resizer.crop,
        })
    }

    /// Sets up the pipeline that brings raw pictures of `input_px` (width, height) from memory through the
    /// receiver to the CCDC, which writes them; `ccp2` is the receiver's subdev node. `compressed`: they
    /// are SGRBG10_DPCM8, else SGRBG10.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn received(
        &self,
        ccp2: TaskIndex,
        input_px: (u16, u16),
        compressed: bool,
    ) -> Result<MemoryLayout, Failure> {
        let (input, ccdc) = self.receive(ccp2, input_px, compressed)?;
        self.link(&[((CCDC, 1), (CCDC_OUTPUT, 0))])?;
        let output = in_memory(ccdc.source, PixelFormat::SGRBG10);
        Ok(MemoryLayout { input, output, crop: ccdc.crop })
    }

    /// As [`Camera::received`], not compressed, but the CCDC feeds the preview engine, which writes.
    ///
    /// # Errors
    /// What the nodes refuse; a disconnect.
    pub fn received_and_developed(
        &self,
        ccp2: TaskIndex,
        input_px: (u16, u16),
    ) -> Result<MemoryLayout, Failure> {
        let (input, ccdc) = self.receive(ccp2, input_px, false)?;
        self.link(&[((CCDC, 2), (PREVIEW, 0)), ((PREVIEW, 1), (PREVIEW_OUTPUT, 0))])?;
        let preview = with(self.preview, |node| node.set_format(0, ccdc.video_port))?;
        let output = in_memory(preview.source, PixelFormat::YUYV);
        Ok(MemoryLayout { input, output, crop: preview.crop })
    }

    /// From memory to the CCDC.
    fn receive(
        &self,
        ccp2: TaskIndex,
        (width_px, height_px): (u16, u16),
        compressed: bool,
    ) -> Result<(PixFormat, BlockState), Failure> {
        self.link(&[((CCP2_INPUT, 0), (CCP2, 0)), ((CCP2, 1), (CCDC, 0))])?;
        let (code, pixel_format) = if compressed {
            (MbusCode::SGRBG10_DPCM8, PixelFormat::SGRBG10_DPCM8)
        } else {
            (MbusCode::SGRBG10, PixelFormat::SGRBG10)
        };
        let receiver =
            with(ccp2, |node| node.set_format(0, PadFormat { width_px, height_px, code }))?;
        let ccdc = with(self.ccdc, |node| node.set_format(0, receiver.source))?;
        Ok((in_memory(receiver.sink, pixel_format), ccdc))
    }

    fn link(&self, links: &[(Pad<'_>, Pad<'_>)]) -> Result<(), Failure> {
        let media = Media::open(self.media)?;
        let linked = links.iter().try_for_each(|(source, sink)| media.connect(*source, *sink));
        media.close()?;
        linked
    }

    fn link_sensor(&self, media: &Media) -> Result<(), Failure> {
        let mut sensor = None;
        media.entities(|entity: &Entity| {
            if entity.description.function == EntityFunction::CamSensor {
                sensor = Some(entity.description.name);
            }
        })?;
        let sensor: Name = sensor.ok_or(ipc::Error::Op(NodeError::NoSuchEntity))?;
        media.connect((sensor.as_str(), 0), (CCDC, 0))
    }

    /// Sensor and CCDC, as all pipelines from the sensor have them.
    fn set_input(
        &self,
        sensor_px: (u16, u16),
        output_px: (u16, u16),
        (sent, taken): (MbusCode, MbusCode),
    ) -> Result<(BlockState, BlockState), Failure> {
        let (width_px, height_px) = match sensor_px {
            (0, _) | (_, 0) => (output_px.0.saturating_mul(2), output_px.1.saturating_mul(2)),
            wanted => wanted,
        };
        let wanted = PadFormat { width_px, height_px, code: sent };
        let sensor = with(self.sensor, |node| node.set_format(0, wanted))?;
        let sink = PadFormat { code: taken, ..sensor.source };
        let ccdc = with(self.ccdc, |node| node.set_format(0, sink))?;
        Ok((sensor, ccdc))
    }
}

/// Opens a subdev node for a few calls.
fn with<T>(
    node: TaskIndex,
    calls: impl FnOnce(&Subdev) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let node = Subdev::open(node)?;
    let result = calls(&node);
    node.close()?;
    result
}

/// The wish for a video node behind this pad of the CCDC, whose raw samples all lie in memory.
fn raw_in_memory(format: PadFormat) -> PixFormat {
    in_memory(format, code::pixel_format(format.code).unwrap_or(PixelFormat::SGRBG10))
}

/// The wish for a video node behind this pad; the node fills in stride and size.
fn in_memory(format: PadFormat, pixel_format: PixelFormat) -> PixFormat {
    let PadFormat { width_px, height_px, .. } = format;
    PixFormat { width_px, height_px, pixel_format, stride_bytes: 0, size_bytes: 0 }
}
