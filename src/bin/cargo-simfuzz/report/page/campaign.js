// The page of a campaign: its curves, what was found, what was not reached, which faults came.
'use strict';

function campaignPage(page, campaign) {
  const reached = campaign.goals.filter(goal => goal.runs > 0 && goal.first), missing = campaign.goals.filter(goal => goal.runs === 0);
  const found = campaign.findings.length;
  page.append(masthead(found ? 'found' : 'passed', found ? counted(found, 'finding') : 'no finding'));
  const fact = (value, what) => make('span', {}, make('b', {}, value), ` ${what}`);
  page.append(make('div', {class: 'facts'},
    fact(began(campaign.began), 'UTC'), fact(campaign.engine, 'engine'), fact(seconds(campaign.seconds), ''),
    fact(grouped(campaign.executions), 'runs'), fact(grouped(Math.round(campaign.executions / Math.max(campaign.seconds, 0.001))), 'a second'),
    fact(`${reached.length} of ${campaign.goals.length}`, 'goals'), fact(grouped(campaign.corpus), 'tapes in the corpus'),
    fact(grouped(campaign.features), 'features'), campaign.edges ? fact(grouped(campaign.edges), 'edges') : null,
    campaign.truncated ? fact(grouped(campaign.truncated), 'truncated runs: neither a pass nor a finding') : null));
  page.append(...curves(campaign, reached), ...findings(campaign), ...unreached(missing, campaign.outside), ...reachedTable(reached, campaign), ...faults(campaign), ...split(campaign));
}

const seconds = number => number < 60 ? `${trim(number)} s` : `${Math.floor(number / 60)}:${String(Math.floor(number % 60)).padStart(2, '0')} min`;
const began = stamp => stamp.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3 $4:$5:$6');

function curves(campaign, reached) {
  const samples = campaign.curve ?? [];
  const last = campaign.seconds || 1;
  // goals and findings are known to the moment of each
  const steps = firsts => {
    const times = firsts.map(first => first.seconds).sort((a, b) => a - b);
    const x = [0, ...times], y = [0, ...times.map((_, index) => index + 1)];
    if (x[x.length - 1] < last) { x.push(last); y.push(times.length); }
    return [x, y];
  };
  const column = name => samples.map(sample => sample[name]);
  const boxes = make('div', {class: 'charts', id: 'charts'});
  const charts = [
    ['Goals reached', steps(reached.map(goal => goal.first)), [['goals', 'good']], true, reached.map(goal => [goal.first.seconds, goal.name])],
    ['Findings by identity', steps(campaign.findings.map(found => found.first)), [['findings', 'bad']], true, campaign.findings.map(found => [found.first.seconds, found.identity])],
  ];
  if (samples.length > 1) {
    const time = column('seconds');
    charts.push(['Tapes kept', [time, column('corpus')], [['tapes', 'accent']]]);
    charts.push(['Coverage', campaign.edges ? [time, column('features'), column('edges')] : [time, column('features')],
      campaign.edges ? [['features', 'note'], ['edges', 'fault']] : [['features', 'note']]]);
    charts.push(['Runs', [time, column('executions')], [['runs', 'soft']]]);
  }
  for (const [title, data, series, stepped, names] of charts) boxes.append(chart(title, data, series, stepped, names));
  return [make('h2', {}, 'Over time'), boxes];
}

// One chart; drawn anew when the colours or the width change.
function chart(title, data, series, stepped, names) {
  const box = make('div', {class: 'chart'}, make('h3', {}, title)), place = make('div'), said = make('p', {class: 'soft small-words'});
  box.append(place);
  if (names) box.append(said);
  let drawn = null;
  const draw = () => {
    const width = Math.max(box.clientWidth - 22, 200);
    drawn?.destroy();
    const axis = {stroke: color('soft'), grid: {stroke: color('line'), width: 1}, ticks: {stroke: color('line'), width: 1}};
    drawn = new uPlot({
      width, height: 210,
      scales: {x: {time: false, range: (_, from, to) => [0, Math.max(to, 0.001)]}, y: {range: (_, from, to) => [0, Math.max(to * 1.08, 1)]}},
      axes: [{...axis, values: (_, marks) => marks.map(mark => `${trim(mark)} s`)}, {...axis, size: 64, values: (_, marks) => marks.map(mark => Number.isInteger(mark) ? grouped(mark) : '')}],
      series: [{label: 'seconds', value: (_, value) => value === null || value === undefined ? '' : `${trim(value)} s`}, ...series.map(([label, ink]) => ({
        label, stroke: color(ink), width: 2, points: {show: stepped && data[0].length < 80},
        paths: stepped ? uPlot.paths.stepped({align: 1}) : undefined,
        value: (_, value) => value === null || value === undefined ? '' : grouped(value),
      }))],
      hooks: {setCursor: [plot => {
        if (!names) return;
        const at = plot.posToVal(plot.cursor.left, 'x');
        const near = plot.cursor.left < 0 ? [] : names.filter(([time]) => time <= at).sort((a, b) => b[0] - a[0]);
        said.textContent = near.length ? `${trim(near[0][0])} s: ${near[0][1]}` : ' ';
      }]},
    }, data, place);
    said.textContent = ' ';
  };
  let width = 0;
  new ResizeObserver(() => { if (box.clientWidth !== width) { width = box.clientWidth; draw(); } }).observe(box);
  themed.push(draw);
  return box;
}

const tapeOf = tape => tape ? make('code', {}, tape.file ?? `${grouped(tape.bytes)} bytes`) : '';

function findings(campaign) {
  if (!campaign.findings.length) return [make('h2', {}, 'Findings'), make('p', {class: 'soft'}, `None in ${counted(campaign.executions, 'run')}.`)];
  const rows = campaign.findings.map(found => [
    make('div', {}, make('b', {class: 'bad'}, found.identity), make('div', {class: 'mono reason', style: 'white-space: pre-wrap'}, found.reason),
      found.smallest.file ? make('code', {class: 'soft'}, `cargo simfuzz report ${report.target} ${found.smallest.file}`) : null),
    {number: grouped(found.runs)}, {number: grouped(found.first.execution)}, {number: seconds(found.first.seconds)}, {number: `${grouped(found.smallest.bytes)} bytes`}]);
  return [make('h2', {}, `Findings by identity (${campaign.findings.length})`),
    table(['identity', {number: 'runs'}, {number: 'first run'}, {number: 'after'}, {number: 'smallest tape'}], rows, 'findings')];
}

function unreached(missing, outside) {
  const words = [make('h2', {}, `Goals that no run reached (${missing.length})`)];
  if (missing.length) {
    words.push(table(['goal', 'kind', 'place', {number: 'evaluated in runs'}], missing.map(goal => [
      make('b', {class: 'warn'}, goal.name), goal.kind, make('code', {}, goal.place),
      goal.evaluated ? {number: grouped(goal.evaluated)} : {number: 'never'}]), 'unreached'));
  } else {
    words.push(make('p', {class: 'soft'}, 'All were reached.'));
  }
  if (outside) words.push(make('p', {class: 'soft'}, `${counted(outside, 'more goal')} in modules that no run entered.`));
  return words;
}

function reachedTable(reached, campaign) {
  if (!reached.length) return [];
  const rows = [...reached].sort((a, b) => a.runs - b.runs).map(goal => [goal.name, goal.kind, make('code', {}, goal.place),
    {number: grouped(goal.runs)}, make('span', {class: 'soft'}, share(goal.runs, campaign.executions)),
    {number: grouped(goal.first.execution)}, {number: seconds(goal.first.seconds)}, tapeOf(goal.smallest)]);
  return [make('h2', {}, `Goals reached (${reached.length}), the rarest first`),
    table(['goal', 'kind', 'place', {number: 'runs'}, '', {number: 'first run'}, {number: 'after'}, 'smallest tape'], rows)];
}

function share(part, whole) {
  const percent = 100 * part / Math.max(whole, 1);
  return percent >= 10 ? `${Math.round(percent)} %` : percent >= 0.01 ? `${Number(percent.toPrecision(2))} %` : '< 0.01 %';
}

function faults(campaign) {
  if (!campaign.faults.length) return [make('h2', {}, 'Faults'), make('p', {class: 'soft'}, 'None was on.')];
  const most = Math.max(...campaign.faults.map(fault => fault.injected), 1);
  const rows = [...campaign.faults].sort((a, b) => b.injected - a.injected).map(fault => [
    make('span', {class: fault.injected ? '' : 'warn'}, fault.name, fault.injected ? '' : ': on, and never came'),
    make('span', {}, make('span', {class: 'bar', style: `width: ${Math.round(160 * Math.log1p(fault.injected) / Math.log1p(most))}px`})),
    {number: grouped(fault.injected)}, {number: grouped(fault.runs)}]);
  return [make('h2', {}, 'Faults exercised'), table(['kind', '', {number: 'injected'}, {number: 'in runs'}], rows, 'faults')];
}

function split(campaign) {
  const parts = Object.entries(campaign.split ?? {});
  if (!parts.length) return [];
  return [make('h2', {}, 'How the runs were made'), table(['way', {number: 'share'}], parts.map(([name, percent]) => [name, {number: `${Math.round(percent)} %`}]))];
}
