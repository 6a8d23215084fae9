// The list of the events that are shown: only the rows in view exist.
'use strict';
const ROW = 22;

class List {
  constructor(model) {
    this.model = model;
    this.spacer = make('div', {'aria-hidden': true});
    this.box = make('div', {class: 'list', tabindex: 0, role: 'listbox', id: 'list', 'aria-label': 'Events'}, this.spacer);
    this.rows = new Map();
    this.box.addEventListener('scroll', () => this.fill());
    this.box.addEventListener('click', event => {
      const row = event.target.closest('.row');
      if (row) model.select(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.fill()).observe(this.box);
    model.listeners.push(what => {
      if (what === 'choice') this.reset();
      this.reveal();
      this.fill();
    });
    this.reset();
  }

  reset() {
    this.rows.forEach(row => row.remove());
    this.rows.clear();
    this.spacer.style.height = `${this.model.shown.length * ROW}px`;
  }

  reveal() {
    const {model, box} = this;
    if (model.selected < 0) return;
    const top = model.placeOf(model.selected) * ROW;
    if (top < box.scrollTop + ROW || top > box.scrollTop + box.clientHeight - 2 * ROW) box.scrollTop = top - box.clientHeight / 2;
  }

  fill() {
    const {model, box, rows} = this;
    const first = Math.max(Math.floor(box.scrollTop / ROW) - 8, 0);
    const last = Math.min(Math.ceil((box.scrollTop + box.clientHeight) / ROW) + 8, model.shown.length);
    for (const [place, row] of rows) {
      if (place < first || place >= last) { row.remove(); rows.delete(place); }
    }
    for (let place = first; place < last; place++) {
      const index = model.shown[place];
      let row = rows.get(place);
      if (!row) {
        row = this.row(index);
        row.style.top = `${place * ROW}px`;
        rows.set(place, row);
        box.append(row);
      }
      row.setAttribute('aria-selected', index === model.selected);
      if (index === model.selected) box.setAttribute('aria-activedescendant', row.id);
    }
  }

  row(index) {
    const {model} = this;
    const event = model.events[index], lane = model.lanes[model.lane[index]];
    const host = event.host === undefined ? '' : event.boot ? `${lane.name} (boot ${event.boot})` : lane.name;
    return make('div', {class: 'row', role: 'option', id: `row-${index}`, 'data-index': index, title: event.text.slice(0, 600)},
      make('span', {class: 'number'}, `#${index}`),
      make('span', {class: 'time'}, clock(event.at)),
      make('span', {class: 'host'}, host),
      make('span', {class: `text sort-${model.kindOf(event)}`}, highlighted(event.text.slice(0, 400), model.query)));
  }
}

// The text with what was searched for marked, as nodes.
function highlighted(text, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [text];
  const lower = text.toLowerCase(), parts = [];
  let at = 0;
  while (at < text.length) {
    let next = -1, length = 0;
    for (const word of words) {
      const found = lower.indexOf(word, at);
      if (found >= 0 && (next < 0 || found < next)) [next, length] = [found, word.length];
    }
    if (next < 0) break;
    parts.push(text.slice(at, next), make('mark', {}, text.slice(next, next + length)));
    at = next + length;
  }
  parts.push(text.slice(at));
  return parts;
}
