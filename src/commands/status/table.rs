//! The status table. Owns columns and widths; narrow terminals lose the least important columns first.

use super::Row;
use crate::execute::Health;
use crate::report::{Style, bytes};

/// The whole picture.
pub(super) fn render(
    style: Style,
    width: usize,
    project: &str,
    data: Option<&str>,
    rows: &[Row<'_>],
    missing: &[String],
) -> String {
    let mut text = style.strong(&format!("project {project}"));
    match data {
        Some("embedded") => {
            text += "  data: embedded (settings and history in the gateway's volume, rate limits in memory)";
        }
        Some(mode) => text += &format!("  data: {mode}"),
        None => {}
    }
    text.push('\n');
    if rows.is_empty() && missing.is_empty() {
        return text + "nothing runs here; `atlas up` brings it up\n";
    }
    let mut cells: Vec<Vec<String>> = vec![
        [
            "SERVICE", "HEALTH", "UPTIME", "CPU", "MEMORY", "PORTS", "IMAGE",
        ]
        .map(str::to_owned)
        .into(),
    ];
    cells.extend(rows.iter().map(row));
    for name in missing {
        let mut line = vec![name.clone(), "missing".to_owned()];
        line.resize(7, String::new());
        cells.push(line);
    }
    let widths: Vec<usize> = (0..7)
        .map(|column| {
            cells
                .iter()
                .map(|c| c[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let shown = columns(&widths, width);
    for (index, line) in cells.iter().enumerate() {
        let mut out = String::new();
        for column in &shown {
            let cell = format!("{:<width$}", line[*column], width = widths[*column]);
            out += &match (index, *column) {
                (0, _) => style.faint(&cell),
                (_, 1) => paint(style, rows.get(index - 1).map(|r| &r.health), &cell),
                _ => cell,
            };
            out += "  ";
        }
        text += out.trim_end();
        text.push('\n');
    }
    for row in rows {
        if let Some(answer) = row.health.answer() {
            let name = &row.container.service;
            text += &format!("{}: {answer}\n", style.bad(name));
        }
    }
    text
}

fn row(row: &Row<'_>) -> Vec<String> {
    let container = row.container;
    let mut name = container.service.clone();
    if container.number > 1 {
        name += &format!(" ({})", container.number);
    }
    let ports: Vec<String> = container
        .ports
        .iter()
        .map(|(address, host, port)| format!("{address}:{host}->{port}"))
        .collect();
    let memory = match row.usage {
        Some(usage) if usage.memory > 0 => {
            format!("{} / {}", bytes(usage.memory), bytes(usage.limit))
        }
        _ => "-".to_owned(),
    };
    vec![
        name,
        row.health.word().to_owned(),
        uptime(&container.status),
        row.cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.1}%")),
        memory,
        ports.join(", "),
        container.image_name.clone(),
    ]
}

/// The engine says "Up 3 minutes (healthy)" or "Exited (1) 2 minutes ago".
fn uptime(status: &str) -> String {
    let text = status.strip_prefix("Up ").unwrap_or(status);
    text.split(" (health")
        .next()
        .unwrap_or(text)
        .split(" (unhealthy")
        .next()
        .unwrap_or(text)
        .to_owned()
}

fn paint(style: Style, health: Option<&Health>, cell: &str) -> String {
    match health {
        Some(health) if health.is_good() => style.good(cell),
        _ => style.bad(cell),
    }
}

/// As many columns as fit; dropped in the order image, CPU, memory, uptime, ports.
fn columns(widths: &[usize], width: usize) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..widths.len()).collect();
    for least in [6, 3, 4, 2, 5] {
        let needed: usize = shown.iter().map(|column| widths[*column] + 2).sum();
        if needed.saturating_sub(2) <= width {
            break;
        }
        shown.retain(|column| *column != least);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_terminals_keep_service_and_health() {
        let widths = [12, 8, 10, 6, 20, 24, 30];
        assert_eq!(columns(&widths, 200), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(columns(&widths, 90), [0, 1, 2, 3, 4, 5]);
        assert_eq!(columns(&widths, 85), [0, 1, 2, 4, 5]);
        assert_eq!(columns(&widths, 20), [0, 1]);
    }

    #[test]
    fn uptime_is_the_engines_words_without_its_health() {
        assert_eq!(uptime("Up 3 minutes (healthy)"), "3 minutes");
        assert_eq!(uptime("Up 2 seconds (health: starting)"), "2 seconds");
        assert_eq!(
            uptime("Exited (1) 2 minutes ago"),
            "Exited (1) 2 minutes ago"
        );
    }
}
