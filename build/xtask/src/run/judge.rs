//! Is the picture right? Each frame against the scene that the sensor saw at its sequence number.

use super::lines::{Frame, Rects};
use anyhow::{Context, bail};
use test_bench::scene::sensor::SensorConfig;
use test_golden::decode::YuvFormat;
use test_golden::{Picture, Rectangle, Scene, View};

/// What was found about one frame.
#[derive(Debug)]
pub struct Verdict {
    /// The picture, or `None` for raw samples.
    pub picture: Option<Picture>,
    /// RGB PSNR against the scene; `None` for raw samples.
    pub psnr_db: Option<f64>,
    /// What is wrong with it.
    pub faults: Vec<String>,
}

/// Judges the frames of one run.
pub struct Judge {
    /// What the camera looks at.
    pub scene: Scene,
    /// Seed of the sensor's noise.
    pub seed: u32,
    /// The camera exposes and balances by itself: what is right is its own matter.
    pub auto: bool,
}

impl Judge {
    /// Judges the pixels of one frame.
    ///
    /// # Errors
    /// If the frame cannot be looked at at all (wrong size, unknown format).
    pub fn judge(&self, frame: &Frame, pixels: &[u8]) -> anyhow::Result<Verdict> {
        let mut faults = Vec::new();
        let crc32 = format!("{:08x}", test_golden::crc32(pixels));
        if crc32 != frame.crc32 {
            faults.push(format!("the client saw CRC {}, the host {crc32}", frame.crc32));
        }
        let mut verdict = match frame.fourcc.as_str() {
            "YUYV" => self.processed(frame, pixels, YuvFormat::Yuyv)?,
            "UYVY" => self.processed(frame, pixels, YuvFormat::Uyvy)?,
            "BA12" => self.raw(frame, pixels, 12)?,
            "BA10" => self.raw(frame, pixels, 10)?,
            "GRBG" => self.raw(frame, pixels, 8)?,
            other => bail!("frame {}: unknown format {other:?}", frame.sequence),
        };
        faults.append(&mut verdict.faults);
        Ok(Verdict { faults, ..verdict })
    }

    fn processed(
        &self,
        frame: &Frame,
        pixels: &[u8],
        format: YuvFormat,
    ) -> anyhow::Result<Verdict> {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let picture =
            test_golden::decode_yuv(pixels, format, width, height, frame.stride as usize)?;
        let report =
            test_golden::examine(&picture, &self.scene, &self.view(frame)?, frame.sequence)?;
        // A photo has no known patches, and fine texture makes its PSNR a matter of the photo: it
        // is printed, but only the chart is judged.
        let judged = self.scene.is_chart() && !self.auto;
        let faults = if judged { report.faults(frame.sequence) } else { Vec::new() };
        Ok(Verdict {
            picture: Some(picture),
            psnr_db: Some(report.psnr_db),
            faults: faults.iter().map(ToString::to_string).collect(),
        })
    }

    /// The raw node's output is the upper `bits` of the sensor's mosaic, bit for bit.
    fn raw(&self, frame: &Frame, pixels: &[u8], bits: u32) -> anyhow::Result<Verdict> {
        if self.auto {
            return Ok(Verdict { picture: None, psnr_db: None, faults: Vec::new() });
        }
        let sensor = SensorConfig { bits, ..self.sensor(frame)? };
        let mosaic = test_golden::raw::mosaic(&self.scene, &sensor, frame.sequence);
        let crop = rectangle(frame.rects.ccdc);
        let layout = (frame.stride as usize, if bits > 8 { 2 } else { 1 });
        let mismatch = test_golden::raw::compare(pixels, layout, crop, &mosaic, sensor.width_px)?;
        let faults = mismatch.iter().map(|mismatch| format!("raw: {mismatch:?}")).collect();
        Ok(Verdict { picture: None, psnr_db: None, faults })
    }

    fn sensor(&self, frame: &Frame) -> anyhow::Result<SensorConfig> {
        let [left, top, width, _] = frame.rects.sensor;
        let [picture_width, picture_height] = frame.sensor_size;
        let step = width.checked_div(picture_width).context("the sensor's picture has no width")?;
        Ok(SensorConfig {
            column_start: left,
            row_start: top,
            step,
            width_px: picture_width as usize,
            height_px: picture_height as usize,
            seed: self.seed,
            ..SensorConfig::FULL_4X
        })
    }

    fn view(&self, frame: &Frame) -> anyhow::Result<View> {
        let Rects { preview, resizer, .. } = frame.rects;
        let [width, height] = frame.sensor_size.map(|side| side as usize);
        Ok(View {
            scene: self.scene.size(),
            sensor: self.sensor(frame)?,
            // The video port passes the whole picture on, less the last line (omap3isp: VP height
            // is at most the input height minus 1).
            video_port: Rectangle { left: 0, top: 0, width, height: height.saturating_sub(1) },
            preview: rectangle(preview.context("a processed frame without preview crop")?),
            resizer: resizer.map(rectangle),
            output: (frame.width as usize, frame.height as usize),
        })
    }
}

fn rectangle([left, top, width, height]: [u32; 4]) -> Rectangle {
    let [left, top, width, height] = [left, top, width, height].map(|side| side as usize);
    Rectangle { left, top, width, height }
}
