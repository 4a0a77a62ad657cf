//! Options of `cargo xtask run`, checked before anything is built.

use crate::{fault, root};
use clap::Args as ClapArgs;
use std::path::PathBuf;
use std::str::FromStr;
use test_bench::script::Entry;

/// Options of `cargo xtask run`.
#[derive(ClapArgs, Clone, Debug)]
#[command(after_help = "\
Examples:
  $ cargo xtask run                              30 frames, module unplugged at frame 15
  $ cargo xtask run --scene photo.jpg --out pics your own picture in front of the lens
  $ cargo xtask run --deterministic --json       the same bits every time
  $ cargo xtask run --no-unplug --fault bad.txt  hardware that misbehaves as a script says
  $ cargo xtask run --serve                      stream until stopped, for `cargo xtask debug`")]
pub struct Args {
    /// What the camera looks at: a PNG or JPEG [default: a generated test chart]
    #[arg(long, value_name = "FILE")]
    pub scene: Option<PathBuf>,
    /// Size of the processed frames
    #[arg(long, value_name = "WxH", default_value = "640x480")]
    pub size: Size,
    /// Processed frames to stream
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub frames: u32,
    /// Where pictures and drawings go [default: out in the project's folder]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Unplug the camera module in the middle of this frame [default: half of --frames]
    #[arg(long, value_name = "N", conflicts_with = "no_unplug")]
    pub unplug_at: Option<u32>,
    /// Leave the camera module plugged in
    #[arg(long)]
    pub no_unplug: bool,
    /// With --serve: do not plug the module in again
    #[arg(long, requires = "serve", requires = "unplug_at")]
    pub stay_unplugged: bool,
    /// Expose and balance by statistics instead of fixed settings; pictures are shown, not judged
    #[arg(long)]
    pub auto: bool,
    /// Misbehaviour of the hardware: a script with lines `FRAME[:LINE] KIND ARGUMENTS`, e.g.
    /// `5:60 irq-lost 2 isp`; `cargo xtask debug hw kinds` lists the kinds
    #[arg(long, value_name = "SCRIPT")]
    pub fault: Option<PathBuf>,
    /// Count instructions instead of time: bit-identical from run to run
    #[arg(long)]
    pub deterministic: bool,
    /// Seed of the sensor's noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u32,
    /// One JSON object on stdout, progress on stderr. Each frame has its marks in `flags`, e.g.
    /// ["ERROR"] (pixels are damaged, as V4L2_BUF_FLAG_ERROR); [] is a whole one
    #[arg(long)]
    pub json: bool,
    /// Keep streaming until interrupted, for the debugger
    #[arg(long)]
    pub serve: bool,
}

/// A picture size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width_px: u16,
    /// Lines.
    pub height_px: u16,
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width_px, self.height_px)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(['x', 'X']);
        let numbers = parts.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        match numbers {
            Some((width_px, height_px)) if width_px > 0 && height_px > 0 => {
                Ok(Self { width_px, height_px })
            }
            _ => Err("write width x height in pixels, e.g. 640x480".into()),
        }
    }
}

/// Most frames of one run; more would fill the disk with pictures.
pub const FRAMES_MAX: u32 = 10_000;

impl Args {
    /// The frame in whose middle the module is unplugged, if it is.
    #[must_use]
    pub fn unplug_frame(&self) -> Option<u32> {
        let default = (!self.no_unplug && !self.serve).then_some(self.frames / 2);
        self.unplug_at.or(default)
    }

    /// Refuses values that cannot be meant.
    ///
    /// # Errors
    /// One line: option, value, remedy.
    pub fn check(&self) -> anyhow::Result<()> {
        let frames = self.frames;
        if !(1..=FRAMES_MAX).contains(&frames) {
            anyhow::bail!("--frames {frames}: give a number from 1 to {FRAMES_MAX}");
        }
        if let Some(at) = self.unplug_at.filter(|at| *at >= frames) {
            anyhow::bail!(
                "--unplug-at {at}: only {frames} frames are streamed; give a number below \
                 {frames}, or more --frames"
            );
        }
        self.faults()?;
        if let Some(out) = self.out.as_ref().filter(|out| out.exists() && !out.is_dir()) {
            anyhow::bail!("--out {}: not a folder; give a folder", out.display());
        }
        Ok(())
    }

    /// The entries of the fault script.
    ///
    /// # Errors
    /// One line: file, line, word, remedy.
    pub fn faults(&self) -> anyhow::Result<Vec<Entry>> {
        let Some(path) = &self.fault else { return Ok(Vec::new()) };
        let wrong = |error: String| anyhow::anyhow!("--fault {}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| {
            wrong(format!("{error}; give a file with lines `FRAME[:LINE] KIND ARGUMENTS`"))
        })?;
        fault::script(&text).map_err(wrong)
    }

    /// The folder for pictures and drawings: as given, or `out` in the project's folder.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| root::project().join("out"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn args(words: &[&str]) -> Args {
        Cli::parse_from(std::iter::once(&"run").chain(words)).args
    }

    #[test]
    fn sizes_are_two_numbers() {
        assert_eq!("320x240".parse(), Ok(Size { width_px: 320, height_px: 240 }));
        for bad in ["", "320", "x", "0x0", "320x", "-1x5", "70000x1", "3 x 4"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_module_is_unplugged_half_way_unless_told_otherwise() {
        assert_eq!(args(&[]).unplug_frame(), Some(15));
        assert_eq!(args(&["--frames", "8"]).unplug_frame(), Some(4));
        assert_eq!(args(&["--unplug-at", "3"]).unplug_frame(), Some(3));
        assert_eq!(args(&["--no-unplug"]).unplug_frame(), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (words, expect) in [
            (&["--frames", "0"][..], "--frames 0"),
            (&["--frames", "99999"], "--frames 99999"),
            (&["--unplug-at", "30"], "--unplug-at 30: only 30 frames"),
            (&["--out", "Cargo.toml"], "not a folder"),
            (&["--fault", "Cargo.toml"], "--fault Cargo.toml: line 1: \"[package]\" is no moment"),
            (&["--fault", "nowhere.txt"], "--fault nowhere.txt: No such file"),
        ] {
            let error = args(words).check().expect_err("must be refused").to_string();
            assert!(error.contains(expect), "{error}");
        }
        assert!(args(&[]).check().is_ok());
    }
}
