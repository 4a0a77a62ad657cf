//! The table that `dist` prints: flash, RAM and MPU regions per program.

use build_manifest::layout::Layout;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// The table and one line of totals.
#[must_use]
pub fn report(layout: &Layout) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["program", "prio", "flash", "RAM", "stack", "MPU", "regions"]);
    let kernel = &layout.kernel;
    table.add_row([
        "kernel".into(),
        String::new(),
        kernel.flash.bytes.to_string(),
        kernel.ram.bytes.to_string(),
        kernel.stack.bytes.to_string(),
        String::new(),
        String::new(),
    ]);
    for task in &layout.tasks {
        let others =
            task.mpu.iter().filter(|region| !matches!(region.what.as_str(), "flash" | "ram"));
        let others: Vec<_> =
            others.map(|region| format!("{} {}", region.what, region.rights)).collect();
        table.add_row([
            task.name.clone(),
            task.priority.to_string(),
            task.flash.bytes.to_string(),
            task.ram.bytes.to_string(),
            task.stack_bound_bytes.to_string(),
            task.mpu.len().to_string(),
            others.join(", "),
        ]);
    }
    for column in 1..=5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_string()).collect();
    let (flash, ram) = (layout.flash, layout.ram);
    format!(
        "{}\nflash {} of {} bytes, RAM {} of {} bytes, {} tasks, image {}",
        lines.join("\n"),
        flash.used_bytes,
        flash.bytes,
        ram.used_bytes,
        ram.bytes,
        layout.tasks.len(),
        layout.image_id.get(..16).unwrap_or(&layout.image_id),
    )
}
