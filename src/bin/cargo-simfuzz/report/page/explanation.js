// The explanation of a finding and its likelihood over time, where somebody has worked them out.
//
// What is known of it: `choices`, with `label`, `ordinal`, `value`, `verdict` and `values`; `likelihood`, with `at`
// (virtual nanoseconds), `runs` and `found`. Whatever else it holds is shown as it is.
'use strict';

function explanation(given, model) {
  if (!given) return [];
  const parts = [make('h2', {id: 'explanation'}, 'The explanation')];
  const {choices, likelihood, ...rest} = given;
  if (Array.isArray(likelihood) && likelihood.length > 1) parts.push(make('div', {class: 'charts'}, likelihoodChart(likelihood, model)));
  if (Array.isArray(choices) && choices.length) {
    parts.push(table(['choice', {number: 'value'}, 'what it does', 'other values'], choices.map(choice => [
      make('code', {}, `${choice.label} #${choice.ordinal ?? 0}`), {number: String(choice.value ?? '')},
      make('b', {class: choice.verdict === 'essential' ? 'bad' : 'soft'}, choice.verdict ?? ''), plain(choice.values)]), 'explained'));
  }
  for (const [name, value] of Object.entries(rest)) {
    if (value === null || name === 'format') continue;
    parts.push(make('h3', {}, name.replaceAll('_', ' ')),
      typeof value === 'object' ? make('pre', {}, JSON.stringify(value, null, 2)) : make('p', {}, plain(value)));
  }
  return parts;
}

const plain = value => value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

// How likely the finding is when everything after a moment is dealt anew; a click goes to the events of the moment.
function likelihoodChart(points, model) {
  const data = [points.map(point => point.at / 1e9), points.map(point => 100 * point.found / Math.max(point.runs, 1))];
  const box = chart('How likely the finding is, if all after this moment is dealt anew', data, [['%', 'bad']], false, null);
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
