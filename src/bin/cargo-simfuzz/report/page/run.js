// The page of one run.
'use strict';

function masthead(verdict, verdictText) {
  return make('header', {class: 'masthead'},
    make('h1', {}, report.target, report.tape ? make('span', {class: 'soft', title: report.tape}, `  ${fileName(report.tape)}`) : null),
    make('span', {class: `verdict ${verdict}`, id: 'verdict'}, verdictText),
    make('span', {class: 'right'},
      report.run ? make('button', {id: 'help', title: 'Keys (?)', onclick: () => document.getElementById('keys').showModal()}, '?') : null,
      make('button', {id: 'theme', title: 'Light or dark', onclick: switchTheme}, '◐')));
}

const fileName = path => path.split(/[\\/]/).pop();

function findingBox(finding) {
  return make('section', {class: 'finding', id: 'finding'},
    make('div', {class: 'identity'}, finding.identity),
    make('div', {class: 'reason mono'}, finding.reason),
    make('div', {class: 'soft'}, `at ${clock(finding.at)}${finding.host ? ` on ${finding.host}` : ''}`));
}

function facts(run) {
  const fact = (value, what) => make('span', {}, make('b', {}, value), ` ${what}`);
  return make('div', {class: 'facts'},
    fact(clock(run.virtual_time), 'virtual'), fact(grouped(run.events.length), 'events'), fact(grouped(run.choices_made), 'choices'),
    fact(grouped(run.tape.rows), run.tape.rows === 1 ? 'exception on the tape' : 'exceptions on the tape'),
    run.faults.map(fault => make('span', {}, `${fault.name} `, make('b', {}, grouped(fault.count)))),
    make('span', {}, 'digest ', make('code', {}, run.digest)));
}

function toolbar(model, diagram) {
  const search = make('input', {type: 'search', class: 'search', id: 'search', placeholder: 'Search events ( / )', 'aria-label': 'Search events',
    oninput: event => { model.query = event.target.value; model.choose(); }});
  const count = make('span', {class: 'count', id: 'count', role: 'status'});
  const recount = () => { count.textContent = `${grouped(model.shown.length)} of ${counted(model.events.length, 'event')}`; };
  model.listeners.push(what => { if (what === 'choice') recount(); });
  recount();
  const toggle = (id, text, swatch, isOn, flip) => {
    const button = make('button', {id, 'aria-pressed': isOn(), onclick: () => { flip(); button.setAttribute('aria-pressed', isOn()); model.choose(); }},
      swatch ? make('span', {class: 'swatch', style: `background: var(--${swatch})`}) : null, text);
    return button;
  };
  const kinds = SORTS.map(([name, text], sort) => model.perSort[sort] === 0 ? null :
    toggle(`kind-${name}`, `${text} ${grouped(model.perSort[sort])}`, SORT_COLOR[name], () => model.shownSort[sort], () => { model.shownSort[sort] = !model.shownSort[sort]; }));
  const order = make('button', {id: 'order', 'aria-pressed': false, title: 'One step an event, whatever time it took (o)', onclick: () => {
    model.byOrder = !model.byOrder;
    order.setAttribute('aria-pressed', model.byOrder);
    diagram.fit();
    if (model.selected >= 0) diagram.focus(model.selected);
    model.tell('axis');
  }}, 'in order');
  const act = (text, title, action) => make('button', {title, 'aria-label': title, onclick: action}, text);
  const hosts = model.lanes.map((lane, index) => toggle(`host-${index}`, lane.name, null, () => model.shownLane[index], () => { model.shownLane[index] = !model.shownLane[index]; }));
  return [
    make('div', {class: 'tools'}, search, count,
      act('−', 'Zoom out (-)', () => diagram.zoom(1.6)), act('+', 'Zoom in (+)', () => diagram.zoom(0.6)), act('fit', 'The whole run (0)', () => diagram.fit()), order,
      model.finding >= 0 ? act('finding', 'To the finding (f)', () => toFinding(model, diagram)) : null,
      make('span', {class: 'gap'}), kinds),
    make('details', {}, make('summary', {class: 'soft'}, `Hosts (${model.lanes.length - 1})`), make('div', {class: 'tools', style: 'position: static'}, hosts)),
  ];
}

function toFinding(model, diagram) {
  model.select(model.finding);
  diagram.focus(model.finding);
}

const KEYS = [
  ['/', 'search'], ['Esc', 'clear the search'], ['j ↓ →', 'next event shown'], ['k ↑ ←', 'event before'], ['PgDn PgUp', 'twenty events on, or back'],
  ['m', 'to the other end of the message'], ['f', 'to the finding'], ['+ -', 'zoom'], ['h l', 'move the view'], ['0', 'the whole run'],
  ['o', 'by time, or one step an event'], ['t', 'light or dark'], ['?', 'these keys'],
];

function keys(model, diagram) {
  const dialog = make('dialog', {id: 'keys'}, make('h2', {style: 'margin-top: 0'}, 'Keys'),
    table(['', ''], KEYS.map(([key, text]) => [make('kbd', {}, key), text])),
    make('p', {class: 'soft'}, 'In the diagram the wheel zooms, dragging moves the view, and a double click zooms in.'),
    make('form', {method: 'dialog'}, make('button', {}, 'Close')));
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const typing = event.target.matches('input, select, textarea');
    if (typing && event.key !== 'Escape' && event.key !== 'Enter') return;
    const press = id => document.getElementById(id).click();
    const actions = {
      '/': () => document.getElementById('search').focus(),
      'Escape': () => { const search = document.getElementById('search'); if (search.value) { search.value = ''; model.query = ''; model.choose(); } search.blur(); },
      'Enter': () => { if (typing) { event.target.blur(); document.getElementById('list').focus({preventScroll: true}); model.step(1); } },
      'j': () => model.step(1), 'ArrowDown': () => model.step(1), 'ArrowRight': () => model.step(1),
      'k': () => model.step(-1), 'ArrowUp': () => model.step(-1), 'ArrowLeft': () => model.step(-1),
      'PageDown': () => model.step(20), 'PageUp': () => model.step(-20),
      'm': () => { const other = model.selected >= 0 ? model.partner(model.selected) : -1; if (other >= 0) model.select(other); },
      'f': () => { if (model.finding >= 0) toFinding(model, diagram); },
      '+': () => diagram.zoom(0.6, center()), '=': () => diagram.zoom(0.6, center()), '-': () => diagram.zoom(1.6, center()),
      'h': () => diagram.pan(-0.2), 'l': () => diagram.pan(0.2), '0': () => diagram.fit(),
      'o': () => press('order'), 't': switchTheme, '?': () => dialog.showModal(),
    };
    const center = () => model.selected >= 0 ? model.x(model.selected) : undefined;
    // a button keeps its own Enter, and pages scroll where nothing is focused that we own
    const ours = event.target.closest('#list, #diagram, #detail') || event.target === document.body;
    const scrolls = ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight', 'PageDown', 'PageUp'].includes(event.key);
    if (!actions[event.key] || (scrolls && !ours) || (event.key === 'Enter' && !typing)) return;
    event.preventDefault();
    actions[event.key]();
  });
  return dialog;
}

function tapes(run, original) {
  const column = (title, run) => make('div', {},
    make('h3', {}, title),
    make('p', {class: 'soft'}, `${counted(run.tape.rows, 'exception')}, ${grouped(run.tape.wild)} of ${counted(run.choices_made, 'choice')} not calm, `,
      `${clock(run.virtual_time)} virtual, ${counted(run.steps, 'step')}`,
      run.finding ? `; ${run.finding.identity}` : `; ${run.status}`),
    make('pre', {tabindex: 0}, run.tape.text));
  return [make('h2', {}, original ? 'The tape beside the one it was made from' : 'The tape'),
    make('div', {class: 'tapes', id: 'tapes'}, column(fileName(report.tape), run), original ? column(fileName(report.original_tape), original) : null)];
}

function goals(run) {
  if (!run.goals.length) return null;
  return make('details', {}, make('summary', {}, `Goals reached on the way (${run.goals.length})`), make('ul', {}, run.goals.map(goal => make('li', {}, goal))));
}

function runPage(page, run) {
  const model = new Model(run);
  const diagram = new Diagram(model), list = new List(model), detail = new Detail(model);
  const verdict = {found: 'finding', passed: 'passed', truncated: 'truncated: neither a pass nor a finding'}[run.status];
  page.append(masthead(run.status, verdict));
  if (run.finding) page.append(findingBox(run.finding));
  page.append(facts(run), ...toolbar(model, diagram), diagram.box, diagram.overview, make('div', {class: 'lower'}, list.box, detail.box));
  page.append(...explanation(report.explanation, model));
  page.append(...tapes(run, report.original));
  const reached = goals(run);
  if (reached) page.append(reached);
  page.append(keys(model, diagram));
  const linked = /^#e(\d+)$/.exec(location.hash);
  diagram.fit();
  if (linked) model.select(Number(linked[1]), true);
  else if (model.finding >= 0) model.select(model.finding, true);
  window.simfuzz = {model, diagram};
}
