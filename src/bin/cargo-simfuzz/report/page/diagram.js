// The space-time diagram: a lane a host, time to the right. Draws only what is in view, and of what falls on the
// same pixels only one.
'use strict';
const AXIS = 24, LABELS = 148, LANE_MIN = 30;

class Diagram {
  constructor(model) {
    this.model = model;
    this.from = 0;
    this.to = model.last();
    this.canvas = make('canvas', {'aria-hidden': true});
    this.tip = make('div', {class: 'tip', hidden: true, role: 'status'});
    this.box = make('div', {class: 'diagram', tabindex: 0, role: 'application', id: 'diagram',
      'aria-label': 'Space-time diagram: arrow keys step through events, plus and minus zoom; the list below has the same events'},
      this.canvas, this.tip);
    this.small = make('canvas', {'aria-hidden': true});
    this.overview = make('div', {class: 'overview', id: 'overview', title: 'The whole run; drag to move the view'}, this.small);
    this.pending = false;
    new ResizeObserver(() => this.redraw()).observe(this.box);
    model.listeners.push(what => { if (what === 'selection') this.reveal(); this.overviewCache = null; this.redraw(); });
    themed.push(() => { this.overviewCache = null; this.redraw(); });
    this.listen();
  }

  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.draw(); this.drawOverview(); });
  }

  view(from, to) {
    const last = this.model.last();
    const least = this.model.byOrder ? 4 : 200;
    let width = Math.min(Math.max(to - from, least), last * 1.04);
    from = Math.min(Math.max(from, -last * 0.02), last * 1.02 - width);
    if (width >= last) from = -0.01 * last;
    this.from = from;
    this.to = from + width;
    this.tip.hidden = true;
    this.redraw();
  }

  fit() { this.view(-0.01 * this.model.last(), 1.01 * this.model.last()); }

  zoom(factor, center = (this.from + this.to) / 2) {
    this.view(center - (center - this.from) * factor, center + (this.to - center) * factor);
  }

  pan(share) { const by = (this.to - this.from) * share; this.view(this.from + by, this.to + by); }

  // Brings the selected event into view.
  reveal() {
    const {model} = this;
    if (model.selected < 0) return;
    const x = model.x(model.selected), width = this.to - this.from;
    if (x < this.from + width * 0.03 || x > this.to - width * 0.03) this.view(x - width / 2, x + width / 2);
  }

  // Sets the view around an event, wide enough to see what is near it.
  focus(index) {
    const {model} = this;
    const around = model.byOrder ? 40 : Math.max(this.nearby(index), 1000);
    this.view(model.x(index) - around, model.x(index) + around);
  }

  nearby(index) {
    const {at} = this.model;
    return Math.max(at[index] - at[Math.max(index - 60, 0)], at[Math.min(index + 60, at.length - 1)] - at[index]);
  }

  px(x) { return LABELS + (x - this.from) / (this.to - this.from) * (this.width - LABELS - 10); }
  x(px) { return this.from + (px - LABELS) / (this.width - LABELS - 10) * (this.to - this.from); }
  laneY(lane) { const place = this.order[lane]; return place < 0 ? -1 : AXIS + (place + 0.5) * this.laneHeight - this.scroll; }

  layout() {
    const {model} = this;
    let shown = 0;
    this.order = model.lanes.map((_, lane) => model.shownLane[lane] ? shown++ : -1);
    this.laneHeight = Math.max(LANE_MIN, (this.height - AXIS - 6) / Math.max(shown, 1));
    this.scrollMax = Math.max(0, shown * this.laneHeight - (this.height - AXIS - 6));
    this.scroll = Math.min(this.scroll || 0, this.scrollMax);
  }

  prepare(canvas, box) {
    const ratio = devicePixelRatio || 1, {clientWidth: width, clientHeight: height} = box;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return [context, width, height];
  }

  draw() {
    const {model} = this;
    const [c, width, height] = this.prepare(this.canvas, this.box);
    if (!width) return;
    [this.width, this.height] = [width, height];
    this.layout();
    this.colors = Object.fromEntries(['ground', 'raised', 'line', 'ink', 'soft', 'faint', 'accent', 'bad', 'up', 'cut', 'cut-edge', 'clog',
      'storm', 'still', 'message', 'control', 'lost', ...Object.values(SORT_COLOR)].map(name => [name, color(name)]));
    c.save();
    c.beginPath();
    c.rect(LABELS, AXIS, width - LABELS, height - AXIS);
    c.clip();
    this.drawSpans(c);
    this.drawMessages(c);
    this.drawEvents(c);
    this.drawFinding(c);
    this.drawSelection(c);
    c.restore();
    this.drawAxis(c);
    this.drawLabels(c);
  }

  spanEnds(span) {
    const end = span.to ?? this.model.end;
    const from = this.px(this.model.byOrder ? span.event : span.from);
    const to = this.px(this.model.byOrder ? (span.to === null ? this.model.last() : this.model.firstAt(end)) : end);
    return [Math.max(from, LABELS - 4), Math.min(to, this.width + 4)];
  }

  drawSpans(c) {
    const {model, colors} = this;
    const bottom = AXIS + this.laneHeight * this.order.filter(place => place >= 0).length - this.scroll;
    // workloads and injectors are always there
    model.lanes.forEach((lane, index) => {
      if (this.order[index] < 0) return;
      c.strokeStyle = colors.line;
      c.lineWidth = 1;
      c.setLineDash(lane.kind === 'process' ? [2, 4] : []);
      this.line(c, LABELS, this.laneY(index), this.width, this.laneY(index));
    });
    c.setLineDash([]);
    const labels = [], bands = [], grounds = [];
    for (const span of model.run.spans) {
      const [from, to] = this.spanEnds(span);
      if (to < LABELS || from > this.width) continue;
      const wide = Math.max(to - from, 1);
      if (span.what === 'storm') {
        c.fillStyle = colors.storm;
        c.fillRect(from, AXIS, wide, bottom - AXIS);
      } else if (span.what === 'up') {
        const y = this.laneY(span.host + 1);
        if (y < 0) continue;
        c.fillStyle = colors.up;
        c.fillRect(from, y - 1.5, wide, 3);
      } else if (span.what === 'still') {
        const y = this.laneY(span.host + 1);
        if (y < 0) continue;
        c.fillStyle = colors.still;
        c.globalAlpha = 0.45;
        c.fillRect(from, y - 8, wide, 16);
        c.globalAlpha = 1;
        if (wide > 70) labels.push(['stands still', from, y - 11, colors.still]);
      } else {
        const cut = span.what === 'cut';
        const hosts = new Set(span.links.flat());
        const set = cut ? model.sides(span.links)[0] ?? [] : [...hosts];
        // a band over all whom it concerns, and a stripe on those that are set apart; where several overlap, one ground
        const lanes = [...hosts].map(host => this.laneY(host + 1)).filter(y => y >= 0);
        if (!lanes.length) continue;
        const half = this.laneHeight / 2, top = Math.min(...lanes) - half + 2, low = Math.max(...lanes) + half - 2;
        grounds.push([cut, from, from + wide, top, low]);
        c.fillStyle = cut ? colors['cut-edge'] : colors.disk;
        c.globalAlpha = 0.55;
        for (const host of set) {
          const y = this.laneY(host + 1);
          if (y >= 0) c.fillRect(from, y + half - 7, wide, 3);
        }
        c.fillRect(from, top, 1, low - top);
        c.globalAlpha = 1;
        bands.push([model.events[span.event]?.text ?? span.what, Math.max(from, LABELS), from + wide, top, cut ? colors['cut-edge'] : colors.disk]);
      }
    }
    this.drawGrounds(c, grounds);
    c.font = `11px ${color('sans')}`;
    // words only where there is room for some of them
    const free = [LABELS, LABELS];
    for (const [text, x, end, top, ink] of bands) {
      const row = free.findIndex(from => from <= x);
      if (row < 0 || end - x < 60) continue;
      free[row] = Math.min(x + c.measureText(text).width + 8, end);
      labels.push([text, x, top + 11 + 12 * row, ink, end - x]);
    }
    for (const [text, x, y, ink, wide] of labels) {
      c.save();
      if (wide) { c.beginPath(); c.rect(x, y - 12, wide - 4, 16); c.clip(); }
      c.strokeStyle = colors.ground;
      c.lineWidth = 3;
      c.lineJoin = 'round';
      c.strokeText(text, Math.max(x, LABELS) + 4, y);
      c.fillStyle = ink;
      c.fillText(text, Math.max(x, LABELS) + 4, y);
      c.restore();
    }
  }

  // The union of the bands, so that many of them are no darker than one.
  drawGrounds(c, grounds) {
    for (const cut of [true, false]) {
      const shape = new Path2D();
      grounds.filter(([kind]) => kind === cut).forEach(([, from, to, top, low]) => shape.rect(from, top, to - from, low - top));
      c.fillStyle = this.colors[cut ? 'cut' : 'clog'];
      c.fill(shape);
    }
  }

  line(c, x, y, toX, toY) { c.beginPath(); c.moveTo(x, y); c.lineTo(toX, toY); c.stroke(); }

  drawMessages(c) {
    const {model, colors} = this;
    const sent = model.sortNames.indexOf('sent'), control = model.sortNames.indexOf('control');
    if (!model.shownSort[sent] && !model.shownSort[control]) return;
    // where many are in view each is fainter, so that a mass of them shows how dense it is
    const first = model.byOrder ? Math.max(Math.floor(this.from), 0) : model.firstAt(this.from);
    const last = model.byOrder ? Math.min(Math.ceil(this.to), model.events.length) : model.firstAt(this.to);
    const faint = Math.min(0.9, Math.max(0.05, 900 / Math.max(last - first, 1)));
    const seen = new Set();
    const lanes = model.lanes.length;
    const searching = model.query !== '';
    const one = (from, to, x, toX) => {
      if (!model.shownSort[model.sort[from]]) return;
      const y = this.laneY(model.lane[from]), event = model.events[from];
      const toLane = event.peer + 1, toY = this.laneY(toLane);
      if (y < 0 || toY < 0) return;
      const key = ((Math.round(x) * 4096 + Math.round(toX)) * lanes + model.lane[from]) * lanes + toLane;
      if (seen.has(key)) return;
      seen.add(key);
      const chosen = from === model.selected || (to >= 0 && to === model.selected);
      c.globalAlpha = searching && !model.isShown[from] && !chosen ? Math.min(0.12, faint) : chosen ? 1 : faint;
      const data = event.bytes > 0;
      c.strokeStyle = c.fillStyle = to < 0 && data && model.isLost(from) ? colors.lost : data ? colors.message : colors.control;
      c.lineWidth = chosen ? 2.6 : data ? 1.3 : 1;
      c.setLineDash(to < 0 ? [4, 3] : data ? [] : [2, 3]);
      if (to < 0) {
        // it does not arrive: a stub that ends in a cross
        toX = x + 22;
        const stub = y + (toY - y) * 0.45;
        this.line(c, x, y, toX, stub);
        c.setLineDash([]);
        if (!model.isLost(from)) return;
        this.line(c, toX - 3, stub - 3, toX + 3, stub + 3);
        this.line(c, toX - 3, stub + 3, toX + 3, stub - 3);
        return;
      }
      this.line(c, x, y, toX, toY);
      c.setLineDash([]);
      const angle = Math.atan2(toY - y, toX - x), size = data ? 6 : 5;
      c.beginPath();
      c.moveTo(toX, toY);
      c.lineTo(toX - size * Math.cos(angle - 0.4), toY - size * Math.sin(angle - 0.4));
      c.lineTo(toX - size * Math.cos(angle + 0.4), toY - size * Math.sin(angle + 0.4));
      c.fill();
    };
    for (const from of model.messages) {
      const to = model.arrival[from];
      const x = this.px(model.x(from));
      if (x > this.width) break;
      const toX = to < 0 ? x : this.px(model.x(to));
      if (toX < LABELS - 30) continue;
      one(from, to, x, toX);
    }
    for (const to of model.copies) {
      const from = model.events[to].sent, x = this.px(model.x(from)), toX = this.px(model.x(to));
      if (toX >= LABELS && x <= this.width) one(from, to, x, toX);
    }
    c.globalAlpha = 1;
    c.lineWidth = 1;
  }

  drawEvents(c) {
    const {model, colors} = this;
    const seen = new Set();
    const first = model.byOrder ? Math.max(Math.floor(this.from) - 1, 0) : model.firstAt(this.from);
    for (let index = first; index < model.events.length; index++) {
      const x = this.px(model.x(index));
      if (x > this.width + 8) break;
      if (!model.isShown[index]) continue;
      const lane = model.lane[index], sort = model.sort[index];
      const key = (Math.round(x) * 256 + lane) * 16 + sort;
      if (seen.has(key)) continue;
      seen.add(key);
      const y = this.laneY(lane);
      if (y >= 0) this.glyph(c, model.sortNames[sort], x, y, colors[SORT_COLOR[model.sortNames[sort]]]);
    }
  }

  glyph(c, sort, x, y, ink) {
    c.fillStyle = c.strokeStyle = ink;
    c.lineWidth = 2;
    switch (sort) {
      case 'fault': c.beginPath(); c.moveTo(x, y - 7); c.lineTo(x + 6, y); c.lineTo(x, y + 7); c.lineTo(x - 6, y); c.fill(); break;
      case 'down': case 'held': this.line(c, x - 4, y - 4, x + 4, y + 4); this.line(c, x - 4, y + 4, x + 4, y - 4); break;
      case 'boot': c.beginPath(); c.moveTo(x, y - 6); c.lineTo(x + 6, y + 5); c.lineTo(x - 6, y + 5); c.fill(); break;
      case 'note': c.fillRect(x - 3, y - 10, 6, 6); break;
      case 'log': c.beginPath(); c.arc(x, y - 8, 2.6, 0, 7); c.fill(); break;
      case 'word': c.fillRect(x - 1, y - 6, 2, 12); break;
      case 'control': c.beginPath(); c.arc(x, y, 1.6, 0, 7); c.fill(); break;
      case 'fine': c.beginPath(); c.arc(x, y - 12, 1.4, 0, 7); c.fill(); break;
      case 'disk': c.fillRect(x - 1.5, y + 4, 3, 5); break;
      case 'choice': c.beginPath(); c.arc(x, y + 8, 1.8, 0, 7); c.fill(); break;
      case 'finding': c.beginPath(); c.arc(x, y, 7, 0, 7); c.fill(); break;
      default: c.beginPath(); c.arc(x, y, 2.4, 0, 7); c.fill();
    }
    c.lineWidth = 1;
  }

  drawFinding(c) {
    const {model, colors} = this;
    if (model.finding < 0) return;
    const x = this.px(model.x(model.finding));
    if (x < LABELS || x > this.width) return;
    c.strokeStyle = c.fillStyle = colors.bad;
    c.lineWidth = 1.5;
    c.setLineDash([6, 3]);
    this.line(c, x, AXIS, x, this.height);
    c.setLineDash([]);
    const text = model.run.finding?.identity ?? 'finding';
    c.font = `600 12px ${color('sans')}`;
    const wide = Math.min(c.measureText(text).width, this.width - LABELS - 30);
    const left = x - wide - 14 > LABELS ? x - wide - 12 : x + 4;
    c.fillStyle = colors.ground;
    c.fillRect(left - 3, this.height - 22, wide + 8, 18);
    c.fillStyle = colors.bad;
    c.fillText(text, left, this.height - 8);
    c.lineWidth = 1;
  }

  drawSelection(c) {
    const {model, colors} = this;
    if (model.selected < 0) return;
    const x = this.px(model.x(model.selected)), y = this.laneY(model.lane[model.selected]);
    c.strokeStyle = colors.accent;
    c.lineWidth = 1;
    this.line(c, x, AXIS, x, this.height);
    if (y >= 0) {
      c.lineWidth = 2;
      c.beginPath();
      c.arc(x, y, 11, 0, 7);
      c.stroke();
    }
    c.lineWidth = 1;
  }

  drawAxis(c) {
    const {model, colors} = this;
    c.fillStyle = colors.ground;
    c.fillRect(0, 0, this.width, AXIS);
    c.strokeStyle = colors.line;
    this.line(c, 0, AXIS - 0.5, this.width, AXIS - 0.5);
    c.fillStyle = colors.soft;
    c.font = `11px ${color('sans')}`;
    const about = (this.to - this.from) / Math.max((this.width - LABELS) / 110, 1);
    const power = 10 ** Math.floor(Math.log10(about));
    const step = [1, 2, 5, 10].map(n => n * power).find(size => size >= about);
    for (let x = Math.ceil(Math.max(this.from, 0) / step) * step; x <= Math.min(this.to, model.last()); x += step) {
      const px = this.px(x);
      if (px < LABELS) continue;
      this.line(c, px, AXIS - 6, px, AXIS);
      c.fillText(model.byOrder ? `#${Math.round(x)}` : span(Math.round(x)), px + 3, AXIS - 9);
    }
    c.fillStyle = colors.ground;
    c.fillRect(0, 0, LABELS, AXIS);
    c.fillStyle = colors.faint;
    c.fillText(model.byOrder ? 'in order' : 'virtual time', 10, AXIS - 9);
  }

  drawLabels(c) {
    const {model, colors} = this;
    c.fillStyle = colors.ground;
    c.fillRect(0, AXIS, LABELS, this.height);
    c.strokeStyle = colors.line;
    this.line(c, LABELS - 0.5, 0, LABELS - 0.5, this.height);
    c.save();
    c.beginPath();
    c.rect(0, AXIS, LABELS - 6, this.height);
    c.clip();
    model.lanes.forEach((lane, index) => {
      if (this.order[index] < 0) return;
      const y = this.laneY(index);
      c.fillStyle = lane.kind === 'simulation' ? colors.faint : colors.ink;
      c.font = `600 12px ${color('sans')}`;
      c.fillText(lane.name, 10, y + (lane.ip && this.laneHeight >= 34 ? 0 : 4));
      if (lane.ip && this.laneHeight >= 34) {
        c.fillStyle = colors.faint;
        c.font = `10px ${color('mono')}`;
        c.fillText([lane.ip, ...(lane.tags || [])].join(' '), 10, y + 13);
      }
    });
    c.restore();
  }

  drawOverview() {
    const {model} = this;
    const [c, width, height] = this.prepare(this.small, this.overview);
    if (!width) return;
    if (!this.overviewCache || this.overviewCache.width !== Math.round(width)) {
      const density = new Float64Array(Math.round(width) + 1), faults = new Uint8Array(Math.round(width) + 1);
      for (const index of model.shown) {
        const px = Math.round(model.x(index) / model.last() * width);
        density[px]++;
        const sort = model.sort[index];
        if (sort < 2) faults[px] = Math.max(faults[px], 2 - sort);
      }
      this.overviewCache = {width: Math.round(width), density, faults, most: Math.max(...density)};
    }
    const {density, faults, most} = this.overviewCache;
    for (let px = 0; px < density.length; px++) {
      if (!density[px]) continue;
      const tall = Math.max(2, Math.log1p(density[px]) / Math.log1p(most) * (height - 8));
      c.fillStyle = color('up');
      c.fillRect(px, height - tall, 1, tall);
      if (faults[px]) {
        c.fillStyle = color(faults[px] === 2 ? 'bad' : 'fault');
        c.fillRect(px, 0, faults[px] === 2 ? 3 : 1, faults[px] === 2 ? height : 6);
      }
    }
    const from = this.from / model.last() * width, to = this.to / model.last() * width;
    c.strokeStyle = color('accent');
    c.fillStyle = color('accent');
    c.globalAlpha = 0.12;
    c.fillRect(from, 0, to - from, height);
    c.globalAlpha = 1;
    c.strokeRect(Math.max(from, 0) + 0.5, 0.5, Math.max(Math.min(to, width) - Math.max(from, 0) - 1, 2), height - 1);
  }
}
