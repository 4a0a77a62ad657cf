//! For build scripts: compile every interface file of a directory.

use crate::{Vocabulary, compile, compile_with};
use std::fs;
use std::path::{Path, PathBuf};

/// Compiles each `*.idol` in `directory` to a module named after the file, and writes
/// `interfaces.rs` in `out`, which declares all of them and the table `INTERFACES` of their texts.
///
/// If `types` names files or folders of Rust sources, every type must be declared in one of them.
///
/// # Errors
/// One line for each thing that is wrong, in all files.
pub fn compile_directory(
    directory: &Path,
    out: &Path,
    imports: &str,
    types: &[&Path],
) -> Result<(), Vec<String>> {
    let mut declarations = String::new();
    let mut table = String::new();
    for Module { name, source } in modules(directory, imports, types)? {
        write(&out.join(&name).with_extension("rs"), &source).map_err(|error| vec![error])?;
        declarations += &declaration(&name, out);
        table += &format!("    (\"{name}\", {name}::INTERFACE),\n");
    }
    let index = format!(
        "{declarations}\n/// Name and text of each interface file.\n\
         pub const INTERFACES: &[(&str, &str)] = &[\n{table}];\n"
    );
    write(&out.join("interfaces.rs"), &index).map_err(|error| vec![error])
}

/// As [`compile_directory()`], but nothing is written.
///
/// # Errors
/// As [`compile_directory()`].
pub fn check_directory(directory: &Path, types: &[&Path]) -> Result<(), Vec<String>> {
    modules(directory, "", types).map(drop)
}

/// An interface file, compiled.
struct Module {
    name: String,
    source: String,
}

/// All of a directory, or all that is wrong with any of them.
fn modules(directory: &Path, imports: &str, types: &[&Path]) -> Result<Vec<Module>, Vec<String>> {
    let vocabulary = vocabulary(types).map_err(|error| vec![error])?;
    let mut modules = Vec::new();
    let mut wrong = Vec::new();
    for file in files_with("idol", directory).map_err(|error| vec![error])? {
        match compile_file(&file, imports, vocabulary.as_ref()) {
            Ok(module) => modules.push(module),
            Err(lines) => wrong.extend(lines),
        }
    }
    if wrong.is_empty() { Ok(modules) } else { Err(wrong) }
}

fn declaration(module: &str, out: &Path) -> String {
    let path = out.join(module).with_extension("rs");
    format!("#[path = {path:?}]\n#[rustfmt::skip]\npub mod {module};\n")
}

fn files_with(extension: &str, directory: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error| format!("{}: {error}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The public types of these sources; `None` without sources.
fn vocabulary(sources: &[&Path]) -> Result<Option<Vocabulary>, String> {
    let mut vocabulary = Vocabulary::default();
    for source in sources {
        let files = match source.is_dir() {
            true => files_with("rs", source)?,
            false => vec![source.to_path_buf()],
        };
        for file in files {
            let wrong = |error: String| format!("{}: {error}", file.display());
            let text = fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
            vocabulary.add_source(&text).map_err(wrong)?;
        }
    }
    Ok((!sources.is_empty()).then_some(vocabulary))
}

fn compile_file(
    file: &Path,
    imports: &str,
    vocabulary: Option<&Vocabulary>,
) -> Result<Module, Vec<String>> {
    let shown = file.strip_prefix(".").unwrap_or(file).display().to_string();
    let Some(name) = file.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_module(stem))
    else {
        return Err(vec![format!("{shown}:1:1: the file name is no module name; rename it")]);
    };
    let text = fs::read_to_string(file).map_err(|error| vec![format!("{shown}: {error}")])?;
    let compiled = match vocabulary {
        Some(vocabulary) => compile_with(&shown, &text, imports, vocabulary),
        None => compile(&shown, &text, imports),
    };
    let source = compiled
        .map_err(|report| report.to_string().lines().map(str::to_owned).collect::<Vec<_>>())?;
    Ok(Module { name: name.to_owned(), source })
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
