//! The survival plot: a panel a problem, a line a mode, as SVG.
//!
//! Owns its geometry and colours. It is read on light and on dark pages, so it has no background, and
//! colours of middle brightness.

use super::mode::Mode;
use super::problem::Problem;
use super::record::Records;
use super::summary::Summary;
use super::survival;
use std::fmt::Write as _;

const COLUMNS: usize = 3;
/// A panel with its words, and the drawing in it.
const PANEL: (f64, f64) = (320.0, 226.0);
const DRAWING: (f64, f64) = (256.0, 150.0);
/// From a panel's corner to its drawing's.
const CORNER: (f64, f64) = (44.0, 32.0);
/// A line of the legend.
const LEGEND: (f64, f64) = (160.0, 18.0);

/// Okabe and Ito's colours, which the colour-blind can tell apart, without black and yellow, the blue a
/// little lighter.
const COLOURS: [&str; 6] = ["#2a8fd0", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/// Readable on white and on black.
const INK: &str = "#808890";

/// The plot of all problems.
pub(super) fn svg(problems: &[Problem], records: &Records) -> String {
    let modes: Vec<Mode> =
        Mode::all().into_iter().filter(|mode| records.trials.iter().any(|trial| trial.mode == *mode)).collect();
    let columns = COLUMNS.min(problems.len()).max(1);
    let across = ((columns as f64 * PANEL.0) / LEGEND.0).floor().max(1.0) as usize;
    let legend = modes.len().div_ceil(across) as f64 * LEGEND.1 + 12.0;
    let (width, height) = (columns as f64 * PANEL.0, problems.len().div_ceil(columns) as f64 * PANEL.1 + legend);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\" fill=\"{INK}\">\n\
         <title>Share of trials without a find, by processor seconds</title>\n"
    );
    for (index, mode) in modes.iter().enumerate() {
        let x = (index % across) as f64 * LEGEND.0 + CORNER.0;
        let y = (index / across) as f64 * LEGEND.1 + 14.0;
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" {}/><text x=\"{}\" y=\"{y}\">{mode}</text>",
            x + 24.0,
            y - 4.0,
            y - 4.0,
            stroke(*mode),
            x + 30.0
        );
    }
    for (index, problem) in problems.iter().enumerate() {
        let x = (index % columns) as f64 * PANEL.0;
        let y = (index / columns) as f64 * PANEL.1 + legend;
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        panel(problem, records, &modes, &mut svg);
        svg += "</g>\n";
    }
    svg + "</svg>\n"
}

/// A guided mode and its ablations share a colour; the ablations are thin and broken.
fn stroke(mode: Mode) -> String {
    let colour = COLOURS[mode.engine as usize % COLOURS.len()];
    if !mode.is_ablation() {
        return format!("stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\"");
    }
    let all = Mode::all();
    let ablations = all.iter().filter(|other| other.engine == mode.engine && other.is_ablation());
    let rank = ablations.take_while(|other| **other != mode).count();
    let dashes = ["6 2", "3 2", "1 2", "8 2 2 2"][rank % 4];
    format!("stroke=\"{colour}\" stroke-width=\"1.2\" stroke-dasharray=\"{dashes}\" fill=\"none\"")
}

/// One problem: time to the right on a scale of powers of ten, the share upwards.
fn panel(problem: &Problem, records: &Records, modes: &[Mode], svg: &mut String) {
    let (left, top) = CORNER;
    let (wide, high) = DRAWING;
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\" font-size=\"12\">{}</text>",
        top - 12.0,
        escaped(&problem.name)
    );
    let times = records.trials.iter().filter(|trial| trial.problem == problem.name).map(|trial| trial.cpu);
    let low = times.clone().fold(f64::INFINITY, f64::min).max(0.001).log10().floor();
    let high_log = times.fold(0.0, f64::max).max(0.01).log10().ceil().max(low + 1.0);
    let x = |seconds: f64| left + wide * ((seconds.max(1e-9).log10() - low) / (high_log - low)).clamp(0.0, 1.0);
    let y = |share: f64| top + high * (1.0 - share);
    for (share, text) in [(0.0, "0"), (0.5, "50 %"), (1.0, "100 %")] {
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{INK}\" stroke-opacity=\"0.35\"/><text \
             x=\"{}\" y=\"{}\" text-anchor=\"end\">{text}</text>",
            left + wide,
            left - 5.0,
            y(share) + 4.0,
            y = y(share),
        );
    }
    let mut power = low;
    while power <= high_log {
        let at = x(10f64.powf(power));
        let _ = writeln!(
            svg,
            "<line x1=\"{at}\" x2=\"{at}\" y1=\"{top}\" y2=\"{}\" stroke=\"{INK}\" stroke-opacity=\"0.2\"/><text \
             x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{} s</text>",
            top + high,
            top + high + 15.0,
            10f64.powf(power)
        );
        power += 1.0;
    }
    for &mode in modes {
        if let Some(own) = Summary::of(records, &problem.name, mode) {
            let _ = writeln!(svg, "<path d=\"{}\" {}/>", steps(&own, x, y), stroke(mode));
        }
    }
}

/// The falling steps of a mode, to the time until which somebody still searched.
fn steps(own: &Summary, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = format!("M{:.1} {:.1}", x(0.0), y(1.0));
    for (at, share) in survival::curve(&own.ended) {
        let _ = write!(path, "H{:.1}V{:.1}", x(at), y(share));
    }
    let last = own.ended.iter().map(|trial| trial.at).fold(0.0, f64::max);
    let _ = write!(path, "H{:.1}", x(last));
    path
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{records, trial};
    use super::*;

    fn problem(name: &str) -> Problem {
        Problem { name: name.into(), group: String::new(), about: String::new() }
    }

    #[test]
    fn a_line_falls_at_each_find_and_runs_on_to_the_cut() {
        let records = records(vec![trial("a", "swarm", 1, 1.0, true), trial("a", "swarm", 2, 10.0, false)]);
        let own = Summary::of(&records, "a", Mode::SWARM).unwrap();
        assert_eq!(steps(&own, |x| x, |y| y * 100.0), "M0.0 100.0H1.0V50.0H10.0");
    }

    #[test]
    fn each_problem_has_a_panel_and_each_mode_a_line() {
        let records = records(vec![
            trial("a", "swarm", 1, 1.0, true),
            trial("a", "explore", 1, 0.1, true),
            trial("b<", "swarm", 1, 3.0, true),
        ]);
        let svg = svg(&[problem("a"), problem("b<")], &records);
        assert_eq!(svg.matches("<path ").count(), 3);
        assert_eq!(svg.matches("font-weight=\"bold\"").count(), 2);
        assert!(svg.contains("b&lt;") && svg.contains(">explore</text>"));
    }
}
