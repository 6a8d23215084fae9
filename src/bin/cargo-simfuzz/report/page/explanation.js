// The explanation of a finding and its likelihood over time, where somebody has worked them out.
//
// What is known of it: `choices` (label, ordinal, value, max, at, meaning, shows, misses), `likelihood` (at, runs, found),
// `step` (before, after, events) and `twin` (label, ordinal, from, to, here, there). Whatever else it holds is shown as it is.
'use strict';

const MEANINGS = {'essential': 'essential: no other value tried shows it', 'any-value': 'any value does, but the calmest', 'some': 'only these do'};

function explanation(given, model) {
  if (!given) return [];
  const parts = [make('h2', {id: 'explanation'}, 'The explanation')];
  const {choices, likelihood, step, twin, finding, at, runs, ...rest} = given;
  if (step) parts.push(...stepOf(step, model));
  if (Array.isArray(likelihood) && likelihood.length > 1) parts.push(make('div', {class: 'charts'}, likelihoodChart(likelihood, model)));
  if (Array.isArray(choices) && choices.length) {
    parts.push(make('h3', {}, 'What other values of each choice do'), table(['choice', {number: 'value'}, 'meaning', 'show it too', 'don\'t'], choices.map(choice => [
      make('button', {class: 'link', title: 'To the events of its moment', onclick: () => model.select(Math.min(model.firstAt(choice.at ?? 0), model.events.length - 1))},
        make('code', {}, `${choice.label} #${choice.ordinal ?? 0}`)),
      {number: `${choice.value ?? ''} of ${choice.max ?? '?'}`},
      make('b', {class: choice.meaning === 'essential' ? 'bad' : 'soft'}, MEANINGS[choice.meaning] ?? choice.meaning ?? ''),
      plain(choice.shows), plain(choice.misses)]), 'explained'));
  }
  if (twin) parts.push(...twinOf(twin, model));
  if (runs) parts.push(make('p', {class: 'soft'}, `Found out with ${counted(runs, 'run')}.`));
  for (const [name, value] of Object.entries(rest)) {
    if (value === null || name === 'format') continue;
    parts.push(make('h3', {}, name.replaceAll('_', ' ')),
      typeof value === 'object' ? make('pre', {}, JSON.stringify(value, null, 2)) : make('p', {}, plain(value)));
  }
  return parts;
}

// A line of a story, which leads to its event where this run has it.
function storyLine(line, model) {
  const text = `${clock(line.at)}  ${line.host}  ${line.text}`;
  for (let index = model.firstAt(line.at); index < model.events.length && model.at[index] === line.at; index++) {
    if (model.events[index].text === line.text) {
      return make('button', {class: 'link', onclick: () => { model.select(index); scrollTo(0, 0); }}, text);
    }
  }
  return make('code', {}, text);
}

function stepOf(step, model) {
  const share = point => `${Math.round(100 * point.found / Math.max(point.runs, 1))} %`;
  return [make('p', {}, `Dealt anew from ${clock(step.before.at)} on, ${share(step.before)} of the runs show the finding; from ${clock(step.after.at)} on, ${share(step.after)}. Between:`),
    make('div', {class: 'detail-lines'}, (step.events ?? []).slice(0, 100).map(line => make('div', {}, storyLine(line, model))))];
}

function twinOf(twin, model) {
  const parts = [make('h3', {}, 'The nearest run that passes'),
    make('p', {}, make('code', {}, `${twin.label} #${twin.ordinal}`), ` = ${twin.to} instead of ${twin.from}. The first difference:`)];
  if (twin.here) parts.push(make('p', {}, 'here: ', storyLine(twin.here, model)));
  if (twin.there) parts.push(make('p', {}, 'there: ', make('code', {}, `${clock(twin.there.at)}  ${twin.there.host}  ${twin.there.text}`)));
  return parts;
}

const plain = value => value === undefined || value === null ? '' : Array.isArray(value) ? value.join(', ') : typeof value === 'object' ? JSON.stringify(value) : String(value);

// How likely the finding is when everything after a moment is dealt anew; a click goes to the events of the moment.
function likelihoodChart(points, model) {
  const data = [points.map(point => point.at / 1e9)];
  const series = [];
  // an older explanation has no interval
  if (points.every(point => Number.isFinite(point.low) && Number.isFinite(point.high))) {
    data.push(points.map(point => 100 * point.low), points.map(point => 100 * point.high));
    series.push(['at least', 'line'], ['at most (95 %)', 'line']);
  }
  // last, so that it lies on top
  data.push(points.map(point => 100 * point.found / Math.max(point.runs, 1)));
  series.push(['%', 'bad']);
  const box = chart('How likely the finding is, if all after this moment is dealt anew', data, series, false, null);
  box.style.gridColumn = '1 / -1';
  box.id = 'likelihood';
  box.addEventListener('click', event => {
    const area = box.querySelector('.u-over')?.getBoundingClientRect();
    if (!area || event.clientX < area.left || event.clientX > area.right) return;
    const last = Math.max(...data[0], 0.000001);
    model.select(Math.min(model.firstAt((event.clientX - area.left) / area.width * last * 1e9), model.events.length - 1));
  });
  return box;
}
