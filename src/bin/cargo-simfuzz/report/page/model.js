// One run, ready to be drawn: columns of numbers, messages with both ends, what is chosen to be shown.
'use strict';
const SORTS = [
  ['finding', 'finding'], ['fault', 'faults'], ['boot', 'boots'], ['down', 'ends'], ['sent', 'messages'], ['control', 'connections'], ['arrived', 'arrivals'],
  ['held', 'held up'], ['note', 'notes'], ['log', 'log'], ['word', 'phases'], ['disk', 'disk'], ['choice', 'choices'], ['fine', 'scheduling'],
];
const SORT_COLOR = {
  finding: 'bad', fault: 'fault', boot: 'boot', down: 'bad', sent: 'message', arrived: 'message', held: 'lost', note: 'note',
  log: 'log', word: 'soft', disk: 'disk', choice: 'choice', control: 'control', fine: 'faint',
};

class Model {
  constructor(run) {
    this.run = run;
    this.events = run.events;
    const count = this.events.length;
    this.at = new Float64Array(count);
    this.lane = new Int16Array(count);
    this.sort = new Uint8Array(count);
    this.sortNames = SORTS.map(([name]) => name);
    const sortNumber = new Map(this.sortNames.map((name, number) => [name, number]));
    this.perSort = new Array(SORTS.length).fill(0);
    this.arrival = new Int32Array(count).fill(-1);
    this.finding = -1;
    this.events.forEach((event, index) => {
      this.at[index] = event.at;
      this.lane[index] = event.host === undefined ? 0 : event.host + 1;
      const sort = sortNumber.get(this.kindOf(event)) ?? sortNumber.get('word');
      this.sort[index] = sort;
      this.perSort[sort]++;
      // a doubled datagram arrives twice: its first arrival is the message
      if (event.sort === 'arrived' && event.sent !== undefined && this.arrival[event.sent] < 0) this.arrival[event.sent] = index;
      if (event.sort === 'finding' && this.finding < 0) this.finding = index;
    });
    this.end = Math.max(run.virtual_time, count ? this.at[count - 1] : 0, 1);
    // lane 0 is the simulation itself
    this.lanes = [{name: 'simulation', kind: 'simulation'}, ...run.hosts];
    this.messages = [];
    for (let index = 0; index < count; index++) {
      if (this.events[index].sort === 'sent') this.messages.push(index);
    }
    // where a second arrival has no arrow of its own yet
    this.copies = [];
    this.events.forEach((event, index) => {
      if (event.sort === 'arrived' && event.sent !== undefined && this.arrival[event.sent] !== index) this.copies.push(index);
    });
    // what is younger than the slowest message when the run ends is under way, not lost
    const held = new Set(this.events.filter(event => event.sort === 'held' && event.sent !== undefined).map(event => event.sent));
    this.slowest = 0;
    for (const from of this.messages) {
      const to = this.arrival[from];
      if (to >= 0 && !held.has(from)) this.slowest = Math.max(this.slowest, this.at[to] - this.at[from]);
    }
    this.held = held;
    this.shownSort = SORTS.map(([name]) => !['disk', 'choice', 'arrived', 'fine'].includes(name));
    this.shownLane = this.lanes.map(() => true);
    this.query = '';
    this.lower = null;
    this.listeners = [];
    this.selected = -1;
    this.byOrder = false;
    this.choose();
  }

  // The kinds of the filters: segments without bytes are no messages, and words of the fine grain no phases.
  kindOf(event) {
    if (event.sort === 'sent' && event.fine) return 'control';
    if (event.sort === 'word' && event.fine) return 'fine';
    return event.sort;
  }

  // The text of an event that a search looks through.
  searched(index) {
    this.lower ??= new Array(this.events.length);
    const event = this.events[index];
    return this.lower[index] ??= `#${index} ${this.lanes[this.lane[index]].name} ${event.kind ?? ''} ${event.text} ${event.payload ?? ''}`.toLowerCase();
  }

  // Which events are shown, by kind, host and search.
  choose() {
    const words = this.query.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = [];
    this.isShown = new Uint8Array(this.events.length);
    for (let index = 0; index < this.events.length; index++) {
      if (!this.shownSort[this.sort[index]] || !this.shownLane[this.lane[index]]) continue;
      if (words.length && !words.every(word => this.searched(index).includes(word))) continue;
      this.isShown[index] = 1;
      shown.push(index);
    }
    this.shown = shown;
    this.tell('choice');
  }

  tell(what) { this.listeners.forEach(listener => listener(what)); }

  select(index, quiet) {
    if (index < 0 || index >= this.events.length) return;
    this.selected = index;
    if (!quiet) history.replaceState(null, '', `#e${index}`);
    this.tell('selection');
  }

  // The place of an event on the axis: its time, or its number.
  x(index) { return this.byOrder ? index : this.at[index]; }
  last() { return this.byOrder ? Math.max(this.events.length - 1, 1) : this.end; }
  // The place of a time on the axis.
  xOfTime(time) { return this.byOrder ? this.firstAt(time) : time; }

  // The first event at or after a time.
  firstAt(time) {
    let low = 0, high = this.at.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at[middle] < time) low = middle + 1; else high = middle;
    }
    return low;
  }

  // The place of an event among those shown, or of the next one.
  placeOf(index) {
    let low = 0, high = this.shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.shown[middle] < index) low = middle + 1; else high = middle;
    }
    return low;
  }

  step(by) {
    if (!this.shown.length) return;
    let place = this.placeOf(Math.max(this.selected, 0));
    if (this.selected >= 0) {
      const exact = this.shown[place] === this.selected;
      place += by > 0 ? (exact ? by : by - 1) : by;
    }
    this.select(this.shown[Math.min(Math.max(place, 0), this.shown.length - 1)]);
  }

  // Was it lost, as far as one can see, rather than on its way when the run ended?
  isLost(from) {
    return this.arrival[from] < 0 && (this.held.has(from) || this.at[from] + this.slowest < this.end);
  }

  // The other end of a message.
  partner(index) {
    const event = this.events[index];
    if (event.sort === 'sent') return this.arrival[index];
    return event.sent ?? -1;
  }

  // Hosts that a cut sets apart: those with the same unreachable peers stand together.
  sides(links) {
    const peers = new Map();
    for (const [from, to] of links) {
      for (const [one, other] of [[from, to], [to, from]]) {
        if (!peers.has(one)) peers.set(one, new Set());
        peers.get(one).add(other);
      }
    }
    const sides = new Map();
    for (const [host, others] of peers) {
      const key = [...others].sort((a, b) => a - b).join();
      if (!sides.has(key)) sides.set(key, []);
      sides.get(key).push(host);
    }
    return [...sides.values()].sort((a, b) => a.length - b.length);
  }
}
