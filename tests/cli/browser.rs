//! Pages of reports in a real browser: drawn, clicked, searched, walked through by keys, and unharmed by
//! what the system under test says.
//!
//! The browser is a headless Chromium (or `$CHROMIUM`), driven through its DevTools protocol over a
//! pair of pipes: JSON, each message ended by a zero byte. Without one the tests are skipped, and say so;
//! with `$BROWSER_REQUIRED` they fail instead. `$SCREENSHOTS` is a folder for pictures of what was seen.

use super::report::{ATTACK, letters};
use super::said;
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A browser with one page.
struct Browser {
    child: Child,
    folder: TempDir,
    to: File,
    from: BufReader<File>,
    session: String,
    asked: u64,
    /// What the page complained of.
    complaints: Vec<String>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program of the browser, if there is one.
fn program() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    let known = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    named.into_iter().chain(known).find(|name| {
        Command::new(name).arg("--version").stderr(Stdio::null()).output().is_ok_and(|said| said.status.success())
    })
}

impl Browser {
    /// Opens `page`; `None`, with a word on it, where there is no browser.
    fn open(page: &Path, theme: &str) -> Option<Self> {
        let Some(program) = program() else {
            assert!(std::env::var("BROWSER_REQUIRED").is_err(), "there is no chromium");
            eprintln!("skipped: there is no chromium (Debian has it in a package of that name)");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let pipes = ["to", "from"].map(|name| folder.path().join(name));
        assert!(Command::new("mkfifo").args(&pipes).status().unwrap().success());
        let mut command = Command::new("sh");
        // the browser reads descriptor 3 and writes descriptor 4
        command.args(["-c", "exec \"$@\" 3<\"$TO\" 4>\"$FROM\"", "sh", &program]);
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ]);
        command.args(["--no-first-run", "--disable-extensions", "--force-device-scale-factor=1"]);
        command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
        command.env("TO", &pipes[0]).env("FROM", &pipes[1]).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let to = OpenOptions::new().write(true).open(&pipes[0]).unwrap();
        let from = BufReader::new(File::open(&pipes[1]).unwrap());
        let session = String::new();
        let mut browser = Self { child, folder, to, from, session, asked: 0, complaints: Vec::new() };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        ["Page.enable", "Runtime.enable", "Log.enable"].iter().for_each(|domain| _ = browser.call(domain, json!({})));
        let size = json!({ "width": 1500, "height": 1250, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", size);
        browser.prefer(theme);
        browser.call("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        browser.until("document.readyState === 'complete' && document.querySelector('footer') !== null");
        Some(browser)
    }

    /// Calls a method, and gives its result; events that come before it are looked through.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "the browser has gone");
            let said: Value = serde_json::from_slice(&bytes).unwrap();
            match said["method"].as_str() {
                // the page draws and never reads back; it is these tests that do
                Some("Log.entryAdded") if said["params"].to_string().contains("willReadFrequently") => {}
                Some("Runtime.exceptionThrown" | "Log.entryAdded") => self.complaints.push(said["params"].to_string()),
                Some("Page.javascriptDialogOpening") => panic!("the page opened a dialog: {said}"),
                _ => {}
            }
            if said["id"] == self.asked {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].clone();
            }
        }
    }

    /// The user's system is set to `dark` or `light`.
    fn prefer(&mut self, theme: &str) {
        let theme = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.call("Emulation.setEmulatedMedia", theme);
    }

    /// The texts that stand on a ground of nearly their own colour, with their contrast as WCAG 2 counts
    /// it; and how bright the page's ground is, of 0 to 1.
    fn pale(&mut self) -> (Value, f64) {
        let pale = self.value(PALE);
        (pale["texts"].clone(), pale["ground"].as_f64().unwrap())
    }

    /// What an expression comes to in the page.
    fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let said = self.call("Runtime.evaluate", asked);
        assert!(said["exceptionDetails"].is_null(), "{expression}: {said}");
        said["result"]["value"].clone()
    }

    fn text(&mut self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({}).innerText", Value::from(selector)));
        text.as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true; the browser draws meanwhile.
    fn until(&mut self, expression: &str) {
        for _ in 0..400 {
            if self.value(expression) == true {
                return;
            }
            self.value("new Promise(done => setTimeout(done, 25))");
        }
        panic!("never: {expression}\n{:?}", self.complaints);
    }

    /// Clicks at a point of the window, as a mouse does.
    fn click_at(&mut self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
        self.drawn();
    }

    /// Clicks in the middle of an element.
    fn click(&mut self, selector: &str) {
        let selector = Value::from(selector);
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector}); e.scrollIntoView({{block: 'nearest'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        self.click_at(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    }

    fn key(&mut self, key: &str) {
        let text = (key.chars().count() == 1).then_some(key);
        let mut down = json!({ "type": "keyDown", "key": key });
        if let Some(text) = text {
            down["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
        self.drawn();
    }

    /// Two frames later.
    fn drawn(&mut self) {
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))");
    }

    /// The number of the selected event.
    fn selected(&mut self) -> i64 {
        self.value("simfuzz.model.selected").as_i64().unwrap()
    }

    /// A picture for people, where they asked for one.
    fn picture(&mut self, name: &str) {
        let Ok(folder) = std::env::var("SCREENSHOTS") else { return };
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let file = self.folder.path().join("picture");
        fs::write(&file, picture["data"].as_str().unwrap()).unwrap();
        let decoded = Command::new("base64").arg("-d").arg(&file).output().unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.png")), decoded.stdout).unwrap();
    }

    /// How many pixels of the diagram have been drawn upon.
    fn inked(&mut self) -> u64 {
        let count = self.value(
            "(() => { const c = document.querySelector('#diagram canvas'); \
             const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
             let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i]) n++; return n; })()",
        );
        count.as_u64().unwrap()
    }

    #[track_caller]
    fn is_content(&self) {
        assert!(self.complaints.is_empty(), "{:#?}", self.complaints);
    }
}

#[test]
fn a_run_is_drawn_clicked_searched_and_walked_through() {
    let project = letters();
    let made = said(&mut project.simfuzz("report toy lost --original lost --out pages"));
    assert_eq!(made.code, Some(0), "{made:?}");
    let Some(mut page) = Browser::open(&project.path("pages/toy-lost.html"), "light") else { return };
    page.drawn();
    assert!(page.text("#finding").contains("of 1 kept letters 0 are there"));
    assert!(page.inked() > 5_000, "an empty diagram");
    page.picture("run-light");

    // a click in the diagram on a crash: what happened, and the choices that led there
    let crash = page.value("simfuzz.model.events.findIndex(event => event.kind === 'crash')").as_i64().unwrap();
    page.value(&format!("simfuzz.diagram.focus({crash})"));
    page.drawn();
    let at = page.value(&format!(
        "(() => {{ const d = simfuzz.diagram, r = d.canvas.getBoundingClientRect(); \
         return [r.x + d.px(simfuzz.model.x({crash})), r.y + d.laneY(simfuzz.model.lane[{crash}])]; }})()"
    ));
    page.click_at(at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    assert_eq!(page.selected(), crash);
    let detail = page.text("#detail");
    assert!(
        detail.contains("CRASHES") && detail.contains("fault (crash)") && detail.contains("--break-at-event"),
        "{detail}"
    );
    assert!(detail.contains("fault/10.0.1.1/"), "the choices of the crash: {detail}");
    page.picture("run-crash");

    // a message: its other end is one key away
    let sent = page.value(
        "simfuzz.model.messages.find(index => simfuzz.model.arrival[index] >= 0 && simfuzz.model.events[index].bytes)",
    );
    page.value(&format!("simfuzz.model.select({sent})"));
    assert!(page.text("#detail").contains("arrives"));
    page.click("#detail button.link");
    let arrival = page.selected();
    assert_eq!(page.value(&format!("simfuzz.model.arrival[{sent}]")), arrival);
    page.key("m");
    assert_eq!(sent.as_i64().unwrap(), page.selected());

    // search and filters
    let all = page.value("simfuzz.model.shown.length").as_u64().unwrap();
    page.key("/");
    "letter 0".chars().for_each(|letter| page.key(&letter.to_string()));
    let found = page.value("simfuzz.model.shown.length").as_u64().unwrap();
    assert!((1..all).contains(&found), "{found} of {all}");
    assert!(
        page.text("#list").lines().count() > 0
            && page.value("document.querySelectorAll('#list mark').length > 0") == true
    );
    page.picture("run-search");
    page.key("Escape");
    assert_eq!(page.value("simfuzz.model.shown.length"), all);
    page.click("#kind-sent");
    assert!(page.value("simfuzz.model.shown.length").as_u64().unwrap() < all);
    page.click("#kind-sent");

    // by keys to the finding, and from there back, event by event
    page.click("#list");
    page.key("f");
    let finding = page.selected();
    assert_eq!(page.value("simfuzz.model.finding"), finding);
    page.key("k");
    assert!(page.selected() < finding);
    page.key("j");
    assert_eq!(page.selected(), finding);
    let before = page.value("simfuzz.diagram.to - simfuzz.diagram.from").as_f64().unwrap();
    page.key("+");
    assert!(page.value("simfuzz.diagram.to - simfuzz.diagram.from").as_f64().unwrap() < before);
    page.key("0");
    page.key("o");
    assert_eq!(page.value("simfuzz.model.byOrder"), true);
    page.picture("run-in-order");
    page.key("o");
    // both tapes stand there
    assert_eq!(page.value("document.querySelectorAll('#tapes pre').length"), 2);
    page.click("#theme");
    assert_eq!(page.value("document.documentElement.dataset.theme"), "dark");
    page.drawn();
    page.picture("run-dark");
    page.is_content();
}

/// Looks at each text in view. One below 4.5 is hard to read; what is soft on purpose (a unit, a button that is
/// off) may have 3.
const PALE: &str = r"(() => {
  const channels = colour => colour.match(/[\d.]+/g).map(Number);
  const bright = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [.2126, .7152, .0722][n], 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(node).backgroundColor);
      if (a > .5) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), node = walker.currentNode.parentElement;
    if (!text || ['SCRIPT', 'STYLE'].includes(node.tagName) || !node.checkVisibility()) continue;
    const [one, other] = [bright(channels(getComputedStyle(node).color)), bright(ground(node))];
    const contrast = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
    if (contrast < 3) texts.add(`${contrast.toFixed(1)}: ${node.tagName} ${node.className} ${text.slice(0, 40)}`);
  }
  return {texts: [...texts], ground: bright(ground(document.body))};
})()";

/// A dark system gets a dark page without a click, and all of it can be read.
#[test]
fn the_system_chooses_light_or_dark_and_each_can_be_read() {
    let project = letters();
    let made = said(&mut project.simfuzz("report toy lost --original lost --explain --out pages"));
    assert_eq!(made.code, Some(0), "{made:?}");
    let Some(mut page) = Browser::open(&project.path("pages/toy-lost.html"), "dark") else { return };
    page.value("simfuzz.model.select(simfuzz.model.finding)");
    for (theme, ground) in [("dark", 0.0..0.05), ("light", 0.9..1.1)] {
        page.prefer(theme);
        page.drawn();
        assert_eq!(page.value("document.documentElement.dataset.theme ?? null"), Value::Null, "nobody clicked");
        let (pale, bright) = page.pale();
        assert!(ground.contains(&bright), "{theme}: {bright}");
        assert_eq!(pale, json!([]), "{theme}");
        // the diagram's ink is drawn anew for its ground: names of hosts are light on dark
        let ink = page.value(
            "(() => { const c = document.querySelector('#diagram canvas'); \
             const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let most = 0, least = 255; \
             for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 250) { most = Math.max(most, d[i + 1]); least = Math.min(least, d[i + 1]); } \
             return [least, most]; })()",
        );
        let (least, most) = (ink[0].as_u64().unwrap(), ink[1].as_u64().unwrap());
        assert!(if theme == "dark" { most > 200 } else { least < 60 }, "{theme}: {least} to {most}");
        page.picture(&format!("system-{theme}"));
    }
    page.is_content();
}

/// A string of the system under test is text, wherever the page shows it.
#[test]
fn an_attack_is_text() {
    let project = letters();
    let made = said(project.simfuzz("report toy lost --out pages").env("LETTER", ATTACK));
    assert_eq!(made.code, Some(0), "{made:?}");
    let Some(mut page) = Browser::open(&project.path("pages/toy-lost.html"), "dark") else { return };
    let notes = "simfuzz.model.events.findIndex(event => event.sort === 'note')";
    page.value(&format!("simfuzz.model.select({notes})"));
    page.drawn();
    for place in ["#finding", "#detail", "#list"] {
        assert!(page.text(place).contains("<img src=x onerror=document.title='owned'>"), "{place}");
    }
    page.key("/");
    "<img".chars().for_each(|letter| page.key(&letter.to_string()));
    assert!(page.value("document.querySelectorAll('#list mark').length").as_u64().unwrap() > 0);
    page.picture("attack-dark");
    assert_eq!(page.value("document.title.includes('owned')"), false);
    assert_eq!(
        page.value("document.querySelectorAll('img').length + document.querySelectorAll('main script').length"),
        0
    );
    page.is_content();
}

#[test]
fn a_hundred_thousand_events_are_drawn_and_searched_without_waiting() {
    let project = letters();
    let made = said(project.simfuzz("report toy calm --out pages").env("LETTERS", "7000"));
    assert_eq!(made.code, Some(0), "{made:?}");
    let Some(mut page) = Browser::open(&project.path("pages/toy-calm.html"), "light") else { return };
    page.drawn();
    assert!(page.value("simfuzz.model.events.length").as_u64().unwrap() > 100_000);
    page.picture("many");
    assert!(
        page.value("document.querySelectorAll('#list .row').length").as_u64().unwrap() < 200,
        "only rows in view exist"
    );
    // generous bounds: a shared machine draws a frame in a tenth of them
    let took = |page: &mut Browser, what: &str| {
        let took = page.value(&format!(
            "(() => {{ const from = performance.now(); {what}; return performance.now() - from; }})()"
        ));
        took.as_f64().unwrap()
    };
    let drawing = took(&mut page, "simfuzz.diagram.draw()");
    let searching = took(&mut page, "simfuzz.model.query = 'letter 6999'; simfuzz.model.choose()");
    eprintln!("drawn in {drawing:.0} ms, searched in {searching:.0} ms");
    assert!(drawing < 1_500.0 && searching < 3_000.0, "{drawing} ms, {searching} ms");
    assert!(page.text("#list").contains("letter 6999"));
    page.key("j");
    assert!(page.text("#detail").contains("6999"));
    page.picture("many-search");
    page.is_content();
}

#[test]
fn an_explanation_has_its_curve_and_its_table() {
    let project = letters();
    let explanation = json!({
        "choices": [{ "label": ATTACK, "ordinal": "0", "value": 1, "max": 1, "at": 142985000, "meaning": "essential", "shows": [], "misses": [0] }],
        "likelihood": (0..20u64).map(|n| json!({ "at": n * 100_000_000, "runs": 50, "found": n * 2 })).collect::<Vec<_>>(),
        "step": {
            "before": { "at": 0, "runs": 50, "found": 0 },
            "after": { "at": 900000000, "runs": 50, "found": 50 },
            "events": [{ "at": 0, "host": "", "text": "the storm begins" }, { "at": 1, "host": "a", "text": ATTACK }],
        },
        "twin": { "label": "x", "ordinal": "0", "from": 1, "to": 0, "here": null, "there": { "at": 1, "host": "a", "text": ATTACK } },
        "unknown": ATTACK,
    });
    fs::write(project.path("why.json"), explanation.to_string()).unwrap();
    let made = said(&mut project.simfuzz("report toy lost --explanation why.json --out pages"));
    assert_eq!(made.code, Some(0), "{made:?}");
    let Some(mut page) = Browser::open(&project.path("pages/toy-lost.html"), "light") else { return };
    page.until("document.querySelectorAll('#likelihood canvas').length === 1");
    let table = page.text("table.explained");
    assert!(table.contains("essential") && table.contains("<img src=x"), "{table}");
    assert!(page.text("main").matches("<img src=x").count() >= 4, "the step, the twin and what is unknown");
    page.click("#likelihood .u-over");
    let at = page.value("simfuzz.model.at[simfuzz.model.selected]").as_f64().unwrap();
    assert!((5e8..1.5e9).contains(&at), "the middle of the curve: {at}");
    page.picture("explanation");
    page.is_content();
}

#[test]
fn a_campaign_has_curves_and_tables() {
    let project = letters();
    let ran = said(&mut project.simfuzz("explore toy --runs 3000 --seed 1 --keep-going"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let made = said(&mut project.simfuzz("report toy --out pages"));
    assert_eq!(made.code, Some(0), "{made:?}");
    let Some(mut page) = Browser::open(&project.path(made.out.trim()), "light") else { return };
    page.until("document.querySelectorAll('#charts canvas').length >= 2");
    assert!(page.text("table.findings").contains("always: of {kept} kept letters"));
    assert!(page.text("table.faults").contains("crashes"));
    page.picture("campaign-light");
    page.click("#theme");
    page.drawn();
    page.picture("campaign-dark");
    page.is_content();
}
