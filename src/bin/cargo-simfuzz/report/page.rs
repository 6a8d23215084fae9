//! The page: one file that opens from a disk, with its data, its scripts and its styles inside.
//!
//! Owns the putting together, and that nothing of the data is taken for markup. What the scripts
//! draw is theirs (`page/*.js`); curves are drawn by uPlot (`vendor/uplot`, MIT).

use crate::stop::Stop;
use minijinja::{Environment, context};
use serde_json::Value;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const CURVES_STYLE: &str = include_str!("vendor/uplot/uPlot.min.css");
const CURVES: &str = include_str!("vendor/uplot/uPlot.iife.min.js");
const CURVES_LICENCE: &str = include_str!("vendor/uplot/LICENSE");

/// The scripts in the order of their use.
const SCRIPTS: [&str; 10] = [
    include_str!("page/base.js"),
    include_str!("page/model.js"),
    include_str!("page/diagram.js"),
    include_str!("page/pointer.js"),
    include_str!("page/list.js"),
    include_str!("page/detail.js"),
    include_str!("page/explanation.js"),
    include_str!("page/run.js"),
    include_str!("page/campaign.js"),
    include_str!("page/main.js"),
];

/// The page of a report.
pub(super) fn page(report: &Value) -> Result<String, Stop> {
    let has_curves = !report["campaign"].is_null() || !report["explanation"].is_null();
    let mut styles = vec![STYLE];
    let mut scripts = Vec::new();
    let curves = format!("/*\n{CURVES_LICENCE}*/\n{CURVES}");
    if has_curves {
        styles.insert(0, CURVES_STYLE);
        scripts.push(curves.as_str());
    }
    scripts.extend(SCRIPTS);
    let target = report["target"].as_str().unwrap_or_default();
    let what = report["run"]["finding"]["identity"].as_str().or(report["tape"].as_str()).unwrap_or("campaign");
    let environment = Environment::new();
    let rendered = environment.render_named_str(
        "page.html",
        PAGE,
        context! {
            title => format!("{target}: {what}"),
            simfuzz => env!("CARGO_PKG_VERSION"),
            styles,
            scripts,
            data => inert(&report.to_string()),
        },
    );
    rendered.map_err(|error| Stop::bad(format!("the page can't be made: {error}")))
}

/// JSON that may stand inside a `<script>`: within strings, where alone they occur, `<`, `>` and `&`
/// become escapes of JSON. So no string of the system under test can end the element
/// (`</script`), begin a comment (`<!--`) or be taken for a line's end by a script.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 64);
    for c in json.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_system_says_is_no_markup_and_stays_what_it_was() {
        let said = "</script><script>alert(1)</script><!-- <script> \u{2028} & 'x' \"y\" {{ 7 * 7 }}";
        let report = json!({ "target": said, "tape": null, "run": { "finding": { "identity": said }, "note": said } });
        let page = page(&report).unwrap();
        assert!(!page.contains("alert(1)</script>"), "{page}");
        assert!(!page.contains("<!-- <script>"));
        assert!(page.contains("&lt;&#x2f;script&gt;&lt;script&gt;alert(1)"), "the title is escaped as HTML");
        let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
        let end = start + page[start..].find("</script>").unwrap();
        assert_eq!(serde_json::from_str::<Value>(&page[start..end]).unwrap(), report);
    }

    #[test]
    fn a_page_loads_nothing() {
        let page = page(&json!({ "target": "t", "campaign": {} })).unwrap();
        for word in ["src=\"", "href=\"", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(page.contains("Leon Sorokin"), "the licence of what is bundled");
    }
}
