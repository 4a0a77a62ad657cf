//! How long it takes to build the product image again, by the clock on the wall.
//!
//! The best of a few tries counts: what else the computer does only adds. The image must have been
//! built before, so a try comes first that does not count. `build.cold` is not measured here: it
//! would empty the caches that everybody works with.

use super::rows::Figure;
use crate::{dist, root};
use anyhow::Context;
use std::path::Path;
use std::time::{Instant, SystemTime};

const TRIES: usize = 3;
const IMAGE: &str = "app.toml";
/// A task's program that is touched.
const TOUCHED: &str = "task/ctl/src/main.rs";

/// Builds with nothing to do, then with one task touched.
///
/// # Errors
/// The image does not build, or the file cannot be touched.
pub fn measure() -> anyhow::Result<Vec<Figure>> {
    build()?;
    let noop = best(|| Ok(()))?;
    let touch = best(touch)?;
    Ok(vec![Figure::new("build.noop", noop), Figure::new("build.touch", touch)])
}

fn best(prepare: fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut best_s = f64::INFINITY;
    for _ in 0..TRIES {
        prepare()?;
        let started = Instant::now();
        build()?;
        best_s = best_s.min(started.elapsed().as_secs_f64());
    }
    Ok((best_s * 100.0).round() / 100.0)
}

fn build() -> anyhow::Result<()> {
    let mut options = dist::options(Path::new(IMAGE), None);
    options.quiet = true;
    build_image::build(&options)?;
    Ok(())
}

fn touch() -> anyhow::Result<()> {
    let path = root::project().join(TOUCHED);
    let file = std::fs::File::options().append(true).open(&path);
    file.and_then(|file| file.set_modified(SystemTime::now()))
        .with_context(|| format!("cannot touch {}", path.display()))
}
