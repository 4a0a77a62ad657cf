//! For build scripts: compile every interface file of a directory.

use crate::compile;
use std::fs;
use std::path::{Path, PathBuf};

/// Compiles each `*.idol` in `directory` to a module named after the file, and writes
/// `interfaces.rs` in `out`, which declares all of them and the table `INTERFACES` of their texts.
///
/// # Errors
/// One line for each thing that is wrong, in all files.
pub fn compile_directory(directory: &Path, out: &Path, imports: &str) -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    let mut declarations = String::new();
    let mut table = String::new();
    for file in interface_files(directory).map_err(|error| vec![error])? {
        match compile_file(&file, out, imports) {
            Ok(module) => {
                declarations += &declaration(&module, out);
                table += &format!("    (\"{module}\", {module}::INTERFACE),\n");
            }
            Err(lines) => wrong.extend(lines),
        }
    }
    let index = format!(
        "{declarations}\n/// Name and text of each interface file.\n\
         pub const INTERFACES: &[(&str, &str)] = &[\n{table}];\n"
    );
    if wrong.is_empty() {
        write(&out.join("interfaces.rs"), &index).map_err(|error| vec![error])
    } else {
        Err(wrong)
    }
}

fn declaration(module: &str, out: &Path) -> String {
    let path = out.join(module).with_extension("rs");
    format!("#[path = {path:?}]\n#[rustfmt::skip]\npub mod {module};\n")
}

fn interface_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error| format!("{}: {error}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "idol") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn compile_file(file: &Path, out: &Path, imports: &str) -> Result<String, Vec<String>> {
    let shown = file.strip_prefix(".").unwrap_or(file).display().to_string();
    let Some(module) =
        file.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_module(stem))
    else {
        return Err(vec![format!("{shown}:1:1: the file name is no module name; rename it")]);
    };
    let text = fs::read_to_string(file).map_err(|error| vec![format!("{shown}: {error}")])?;
    let source = compile(&shown, &text, imports)
        .map_err(|report| report.to_string().lines().map(str::to_owned).collect::<Vec<_>>())?;
    write(&out.join(module).with_extension("rs"), &source).map_err(|error| vec![error])?;
    Ok(module.to_owned())
}

fn is_module(stem: &str) -> bool {
    syn::parse_str::<syn::Ident>(stem).is_ok()
}

/// Writes only what changed, so that an untouched interface is not compiled again.
fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
