// One event: its words, its message, its choices, what its host did around it, and the next commands.
'use strict';
const AROUND = 8, CHOICES_MAX = 200;

class Detail {
  constructor(model) {
    this.model = model;
    this.box = make('section', {class: 'detail', id: 'detail', tabindex: 0, 'aria-label': 'The selected event', 'aria-live': 'polite'});
    model.listeners.push(what => { if (what === 'selection') this.show(); });
    this.show();
  }

  link(index, before = '') {
    const event = this.model.events[index];
    return make('button', {class: 'link', 'data-to': index, onclick: () => this.model.select(index)},
      `${before}#${index}  ${clock(event.at)}  ${event.text.slice(0, 200)}`);
  }

  show() {
    const {model, box} = this;
    const index = model.selected;
    box.replaceChildren();
    if (index < 0) {
      box.append(make('p', {class: 'soft'}, 'Click an event, in the diagram or in the list, for its choices, its payload and the log of its host. ',
        make('kbd', {}, '?'), ' lists the keys.'));
      return;
    }
    const event = model.events[index], lane = model.lanes[model.lane[index]];
    const boot = event.boot ? `, boot ${event.boot}` : '';
    box.append(
      make('div', {class: 'where'}, `#${index} at ${clock(event.at)} on ${lane.name}${boot}: ${event.sort}${event.kind ? ` (${event.kind})` : ''}`),
      make('div', {class: `what sort-${event.sort}`}, event.text));
    this.message(index, event);
    this.choices(index, event);
    this.log(index);
    this.commands(index, event, lane);
    box.scrollTop = 0;
  }

  message(index, event) {
    const {model, box} = this;
    if (!['sent', 'arrived', 'held'].includes(event.sort)) return;
    const partner = model.partner(index);
    box.append(make('h3', {}, 'Message'));
    if (event.bytes) box.append(make('p', {}, counted(event.bytes, 'byte')));
    if (event.payload) box.append(make('pre', {class: 'payload'}, event.payload));
    if (partner >= 0) {
      const took = Math.abs(model.at[partner] - model.at[index]);
      box.append(make('p', {}, event.sort === 'sent' ? `arrives ${span(took)} later: ` : `was sent ${span(took)} before: `), this.link(partner));
      const other = model.events[partner];
      if (event.sort !== 'sent' && other.payload) box.append(make('pre', {class: 'payload'}, other.payload));
    } else if (event.sort === 'sent') {
      box.append(make('p', {class: 'warn'}, model.isLost(index) ? 'it does not arrive' : 'it was on its way when the run ended'));
    }
  }

  choices(index, event) {
    const {run} = this.model;
    const from = index > 0 ? this.model.events[index - 1].choices : 0;
    const made = run.choices.slice(from, event.choices);
    this.box.append(make('h3', {}, made.length ? `Choices since the event before (${grouped(made.length)})` : 'No choices since the event before'));
    if (!made.length) return;
    const rows = made.slice(0, CHOICES_MAX).map(choice => make('tr', {class: choice.by_tape ? 'by-tape' : ''},
      make('td', {}, `${run.labels[choice.label]} #${choice.ordinal}`),
      make('td', {class: 'number'}, `${choice.value}`),
      make('td', {class: 'soft'}, `${choice.kind}, 0..=${choice.max}${choice.by_tape ? ', said by the tape' : ''}`)));
    this.box.append(table(['label', {number: 'value'}, ''], rows, 'small choices'));
    if (made.length > CHOICES_MAX) this.box.append(make('p', {class: 'soft'}, `and ${grouped(made.length - CHOICES_MAX)} more`));
  }

  // What the same host did before and after.
  log(index) {
    const {model} = this;
    const lane = model.lane[index], before = [], after = [];
    for (let at = index - 1; at >= 0 && before.length < AROUND; at--) if (model.lane[at] === lane) before.unshift(at);
    for (let at = index + 1; at < model.events.length && after.length < AROUND; at++) if (model.lane[at] === lane) after.push(at);
    const line = at => { const link = this.link(at); if (at === index) link.classList.add('here'); return link; };
    this.box.append(make('h3', {}, `Log of ${model.lanes[lane].name}`), make('div', {class: 'log'}, [...before, index, ...after].map(line)));
  }

  commands(index, event, lane) {
    const file = report.tape;
    if (!file) return;
    const quote = word => /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
    const call = `cargo simfuzz replay ${report.target} ${quote(file)}`;
    const near = nanos => `${Math.max(nanos / 1e9, 0).toFixed(6)}s`;
    const host = lane.kind === 'process' || lane.kind === 'workload' ? ` --host ${quote(lane.name)}` : '';
    this.box.append(make('h3', {}, 'Again'),
      make('pre', {}, `${call} -v${host} --from ${near(event.at - 1e7)} --until ${near(event.at + 1e7)}\n${call} --break-at-event ${index}`));
  }
}
