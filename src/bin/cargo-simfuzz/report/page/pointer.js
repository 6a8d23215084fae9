// The diagram and the mouse: what is near it, what a click, a drag and the wheel do.
'use strict';
Object.assign(Diagram.prototype, {
  // The event nearest to a point, on its lane or as an arrow; -1 if none is near.
  hit(px, py) {
    const {model} = this;
    let best = -1, least = 11;
    const first = model.byOrder ? Math.max(Math.floor(this.x(px - 14)), 0) : model.firstAt(this.x(px - 14));
    for (let index = first; index < model.events.length; index++) {
      const x = this.px(model.x(index));
      if (x > px + 14) break;
      if (!model.isShown[index]) continue;
      const y = this.laneY(model.lane[index]);
      // what matters more is easier to hit
      const distance = Math.hypot(x - px, y - py) - (model.sort[index] < 4 ? 3 : 0);
      if (y >= 0 && distance < least) [best, least] = [index, distance];
    }
    if (best >= 0) return best;
    least = 5;
    for (const from of model.messages) {
      if (!model.isShown[from]) continue;
      const to = model.arrival[from], x = this.px(model.x(from));
      const toX = to < 0 ? x + 22 : this.px(model.x(to));
      if (x > px + 5 || toX < px - 5) continue;
      const y = this.laneY(model.lane[from]), whole = this.laneY(model.events[from].peer + 1);
      if (y < 0 || whole < 0) continue;
      const toY = to < 0 ? y + (whole - y) * 0.45 : whole;
      const along = Math.min(Math.max(((px - x) * (toX - x) + (py - y) * (toY - y)) / ((toX - x) ** 2 + (toY - y) ** 2 || 1), 0), 1);
      const distance = Math.hypot(x + along * (toX - x) - px, y + along * (toY - y) - py);
      if (distance < least) [best, least] = [from, distance];
    }
    return best;
  },

  listen() {
    const {box, canvas, model} = this;
    const place = event => { const at = canvas.getBoundingClientRect(); return [event.clientX - at.left, event.clientY - at.top]; };
    box.addEventListener('wheel', event => {
      const [px] = place(event);
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan((event.deltaX || event.deltaY) / this.width);
      else if (event.ctrlKey || event.metaKey || !this.scrollMax || px > LABELS) this.zoom(Math.exp(event.deltaY * 0.0015), this.x(px));
      else { this.scroll = Math.min(Math.max(this.scroll + event.deltaY, 0), this.scrollMax); this.redraw(); }
      event.preventDefault();
    }, {passive: false});
    let drag = null;
    canvas.addEventListener('pointerdown', event => {
      const [px, py] = place(event);
      drag = {px, py, from: this.from, to: this.to, scroll: this.scroll, moved: false};
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', event => {
      const [px, py] = place(event);
      if (!drag) return this.hover(px, py);
      if (Math.hypot(px - drag.px, py - drag.py) > 4) drag.moved = true;
      if (!drag.moved) return;
      box.classList.add('dragging');
      const by = (drag.px - px) / (this.width - LABELS - 10) * (drag.to - drag.from);
      this.scroll = Math.min(Math.max(drag.scroll + drag.py - py, 0), this.scrollMax);
      this.view(drag.from + by, drag.to + by);
    });
    canvas.addEventListener('pointerup', event => {
      const [px, py] = place(event), clicked = drag && !drag.moved;
      drag = null;
      box.classList.remove('dragging');
      if (!clicked) return;
      const index = this.hit(px, py);
      if (index >= 0) model.select(index);
    });
    canvas.addEventListener('pointerleave', () => { this.tip.hidden = true; });
    canvas.addEventListener('dblclick', event => this.zoom(0.35, this.x(place(event)[0])));
    const move = event => {
      const at = this.small.getBoundingClientRect(), width = this.to - this.from;
      const x = (event.clientX - at.left) / at.width * model.last();
      this.view(x - width / 2, x + width / 2);
    };
    this.small.addEventListener('pointerdown', event => { this.small.setPointerCapture(event.pointerId); this.moving = true; move(event); });
    this.small.addEventListener('pointermove', event => { if (this.moving) move(event); });
    this.small.addEventListener('pointerup', () => { this.moving = false; });
  },

  hover(px, py) {
    const {model, tip} = this;
    const index = px > LABELS && py > AXIS ? this.hit(px, py) : -1;
    tip.hidden = index < 0;
    this.canvas.style.cursor = index < 0 ? '' : 'pointer';
    if (index < 0) return;
    const event = model.events[index];
    tip.textContent = `#${index}  ${clock(event.at)}  ${model.lanes[model.lane[index]].name}\n${event.text.slice(0, 300)}`;
    const left = px + 16 + tip.offsetWidth > this.width ? px - tip.offsetWidth - 12 : px + 16;
    tip.style.left = `${Math.max(left, 4)}px`;
    tip.style.top = `${Math.min(py + 14, Math.max(this.height - tip.offsetHeight - 4, 4))}px`;
  },
});
