// What all parts of the page use: the data, and elements made without ever parsing a string as markup.
'use strict';
const report = JSON.parse(document.getElementById('data').textContent);

// Makes an element: text goes in as text only.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

const grouped = number => String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
const counted = (number, what) => `${grouped(number)} ${what}${number === 1 ? '' : 's'}`;

// Virtual nanoseconds as the story prints them.
function clock(nanos) {
  const micros = Math.floor(nanos / 1000);
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}s`;
}

// A length of time, in the unit that fits.
function span(nanos) {
  if (nanos === 0) return '0';
  if (nanos < 1e3) return `${nanos} ns`;
  if (nanos < 1e6) return `${trim(nanos / 1e3)} µs`;
  if (nanos < 1e9) return `${trim(nanos / 1e6)} ms`;
  return `${trim(nanos / 1e9)} s`;
}
const trim = number => String(Number(number.toPrecision(4)));

const color = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// A table; a cell is text, a node, or {number}.
function table(heads, rows, kind) {
  const cell = (tag, value) => {
    if (value instanceof Node) return make(tag, {}, value);
    if (value && typeof value === 'object') return make(tag, {class: 'number'}, value.number);
    return make(tag, {}, value);
  };
  return make('table', {class: kind},
    make('thead', {}, make('tr', {}, heads.map(head => cell('th', head)))),
    make('tbody', {}, rows.map(row => row instanceof Node ? row : make('tr', {}, row.map(value => cell('td', value))))));
}

// Who draws by hand is told when the colours change.
const themed = [];
function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  themed.forEach(redraw => redraw());
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => themed.forEach(redraw => redraw()));
