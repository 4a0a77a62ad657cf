//! One cargo invocation for everything that runs on the target.
//!
//! Each binary becomes a *relocatable* ELF (`-r`): the linker has resolved what belongs to the
//! program and left addresses and per-instance symbols open. So a crate compiles once, however
//! many instances the image has, and touching `app.toml` compiles nothing.

use crate::error::ImageError;
use build_manifest::Program;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The cargo profile of everything on target.
pub const PROFILE: &str = "image";

/// Where the host tools are.
pub struct Toolchain {
    /// The linker that comes with the toolchain.
    pub linker: PathBuf,
    sysroot: PathBuf,
}

impl Toolchain {
    /// Asks `rustc`.
    ///
    /// # Errors
    /// No `rustc`, or no linker in its toolchain.
    pub fn find(root: &Path) -> Result<Self, ImageError> {
        let sysroot = PathBuf::from(ask(root, &["--print", "sysroot"])?.trim());
        let version = ask(root, &["-vV"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
        if !linker.exists() {
            return Err(ImageError::NoLinker { path: linker });
        }
        Ok(Self { linker, sysroot })
    }
}

fn ask(root: &Path, arguments: &[&str]) -> Result<String, ImageError> {
    let output = Command::new("rustc")
        .args(arguments)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|reason| ImageError::Start { program: "rustc".into(), reason })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What to compile and where.
pub struct Compile<'a> {
    /// The project's root.
    pub root: &'a Path,
    /// Cargo's target directory for these programs.
    pub target_dir: &'a Path,
    /// Target triple.
    pub target: &'a str,
    /// A promise to break on purpose (`--cfg negative="..."`).
    pub negative: Option<&'a str>,
    /// Print cargo's progress?
    pub quiet: bool,
}

impl Compile<'_> {
    /// Compiles all programs; the path of each is [`Self::binary`].
    ///
    /// # Errors
    /// A program does not compile.
    pub fn run(
        &self,
        toolchain: &Toolchain,
        programs: &BTreeSet<&Program>,
    ) -> Result<(), ImageError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(&cargo);
        command.current_dir(self.root);
        command.args(["build", "--profile", PROFILE, "--target", self.target]);
        command.arg("--target-dir").arg(self.target_dir);
        if self.quiet {
            command.arg("--quiet");
        }
        let packages: BTreeSet<_> = programs.iter().map(|program| &program.package).collect();
        let binaries: BTreeSet<_> = programs.iter().map(|program| &program.binary).collect();
        for package in packages {
            command.args(["-p", package]);
        }
        for binary in binaries {
            command.args(["--bin", binary]);
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", self.flags(toolchain));
        command.env_remove("RUSTFLAGS");
        let status = command.status().map_err(|reason| ImageError::Start {
            program: cargo.to_string_lossy().into_owned(),
            reason,
        })?;
        if status.success() { Ok(()) } else { Err(ImageError::Compile) }
    }

    /// The relocatable ELF of a program.
    #[must_use]
    pub fn binary(&self, program: &Program) -> PathBuf {
        self.target_dir.join(self.target).join(PROFILE).join(&program.binary)
    }

    /// Compiler flags, separated as `CARGO_ENCODED_RUSTFLAGS` wants it.
    fn flags(&self, toolchain: &Toolchain) -> OsString {
        let mut flags: Vec<OsString> = Vec::new();
        for option in ["link-arg=-r", "link-arg=--no-gc-sections", "relocation-model=static"] {
            flags.extend(["-C".into(), option.into()]);
        }
        if let Some(negative) = self.negative {
            flags.extend(["--cfg".into(), format!("negative=\"{negative}\"").into()]);
        }
        // Two checkouts must give the same bytes: no path of this machine may get into the debug
        // information. The last match wins, so the more special one comes later.
        let cargo_home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
        let remaps = [
            (Some(toolchain.sysroot.clone()), "/rust"),
            (cargo_home, "/cargo"),
            (Some(self.root.to_path_buf()), "/obscura"),
            (Some(self.target_dir.to_path_buf()), "/target"),
        ];
        for (from, to) in remaps {
            let Some(from) = from else { continue };
            let mut remap = OsString::from("--remap-path-prefix=");
            remap.push(from);
            remap.push(format!("={to}"));
            flags.push(remap);
        }
        flags.join(OsString::from("\x1f").as_os_str())
    }
}
