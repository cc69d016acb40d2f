//! The figures with their aims, as one table.

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    what: String,
    measured: String,
    without: String,
    aim: String,
    verdict: &'static str,
}

/// All figures, in the order of their measuring.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Figure>);

// ---------------------------------------------------------------------------------------------------------------------

impl Figure {
    /// A figure that has no aim.
    pub(crate) fn new(what: &str, measured: String) -> Self {
        Self {
            what: what.to_owned(),
            measured,
            without: String::new(),
            aim: String::new(),
            verdict: "",
        }
    }

    /// What the same path gives without the gateway, or what the figure is compared with.
    pub(crate) fn against(self, without: String) -> Self {
        Self { without, ..self }
    }

    /// The aim, and whether it is met.
    pub(crate) fn aim(self, aim: &str, met: bool) -> Self {
        Self {
            aim: aim.to_owned(),
            verdict: if met { "yes" } else { "**no**" },
            ..self
        }
    }
}

impl Table {
    /// Takes a figure and shows it.
    pub(crate) fn push(&mut self, figure: Figure) {
        let against = match figure.without.as_str() {
            "" => String::new(),
            without => format!("  (against {without})"),
        };
        println!("    {}: {}{against}", figure.what, figure.measured);
        self.0.push(figure);
    }

    /// The table in Markdown, its columns in line.
    pub(crate) fn markdown(&self) -> String {
        let head = ["figure", "measured", "against", "aim", "met"].map(str::to_owned);
        let rows = self.0.iter().map(|it| {
            let verdict = it.verdict.to_owned();
            [
                it.what.clone(),
                it.measured.clone(),
                it.without.clone(),
                it.aim.clone(),
                verdict,
            ]
        });
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..5).map(width).collect();
        let line = |row: &[String; 5]| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| {
                let blanks = " ".repeat(width.saturating_sub(cell.chars().count()));
                format!(" {cell}{blanks} |")
            });
            format!("|{}\n", cells.collect::<String>())
        };
        let rule: String = widths
            .iter()
            .map(|width| format!("{}|", "-".repeat(width + 2)))
            .collect();
        let mut lines = rows.iter().map(line);
        let head = lines.next().unwrap_or_default();
        format!("{head}|{rule}\n{}", lines.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_head_a_rule_and_a_line_for_each_figure() {
        let mut table = Table::default();
        table.push(
            Figure::new("speed", "7/s".into())
                .against("9/s".into())
                .aim("8/s", false),
        );
        let text = table.markdown();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines.last(), Some(&"| speed  | 7/s      | 9/s     | 8/s | **no** |"));
    }
}
