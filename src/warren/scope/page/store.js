// ------------------------------------------------------------------------------------------------------- the store
// What the kernel told, kept.

const SPANS = [12, 30, 60]; // seconds the picture spans: the first that holds the whole recording, or the last
const PERIOD = 0.1; // seconds between the kernel's readings
const READINGS_KEPT = 6000; // per queue, as in recording.py
const LINES_KEPT = 300; // of the message log, as in view.py
const FAREWELL = 6; // seconds a deleted queue that nobody asked for by name is still shown, as the kernel does with consumers
const SILENCE = 4; // seconds without a word from the kernel until the page says so; it speaks every second

class Store {
  constructor() {
    this.queues = new Map();
    this.lanes = new Map(); // values of the notebook's own, in order of their first use
    this.marks = [];
    this.lines = [];
    this.topology = null; // as the kernel sent it last; see topology.js
    this.flows = {}; // messages a second by edge
    this.heads = {}; // by queue: { age of its oldest message, seconds; dead: how many it dead-lettered }
    this.alarms = [];
    this.troubles = []; // what cannot be shown, in words
    this.blocked = []; // names of the connections the broker takes nothing from
    this.turn = 0; // grows when the topology or what flows in it changed
    this.places = new Map(); // by worker or publisher: the queues its lines belong to, for the log's filter
    this.state = "live";
    this.why = "";
    this.names = [];
    this.offset = -Infinity; // kernel's clock minus the page's, seconds
    this.heard = performance.now();
    this.listeners = new Set();
    this.looking = new Set(); // views that somebody sees
  }

  /** Take in a message, whole or what is new. False if one before it was missed. */
  receive(message) {
    const complete = message.after <= (this.until ?? -1);
    for (const [name, news] of Object.entries(message.queues)) {
      const queue = this.queue(name);
      append(queue.readings, news.readings, READINGS_KEPT, thin);
      queue.delays ||= news.readings.some((entry) => entry[3]);
      queue.top = ceiling(
        queue.readings.slice(Math.max(0, placeAt(queue.readings, message.now - latest(SPANS)))),
        queue.top,
      );
      append(queue.rates, news.rates, READINGS_KEPT, thin);
      if (news.about) queue.about = { kind: news.about[1], arguments: news.about[2] };
    }
    for (const [name, news] of Object.entries(message.lanes ?? {})) {
      if (!this.lanes.has(name)) this.lanes.set(name, { name, steps: [] });
      const lane = this.lanes.get(name);
      append(lane.steps, news.steps, READINGS_KEPT, thinSteps);
      lane.hues = new Map(Object.entries(news.hues));
    }
    append(this.marks, message.marks);
    append(this.lines, message.lines, LINES_KEPT);
    const { state, why, vhost, version, unseen } = message;
    Object.assign(this, { state, why, vhost, version, unseen });
    this.names = message.names;
    this.until = Math.max(this.until ?? -1, message.until);
    this.#setClock(message.now);
    this.#learn(message);
    for (const listener of this.listeners) listener();
    return complete;
  }

  /** What only some brokers tell, and only when it changed. */
  #learn({ topology, flows, head, ...states }) {
    Object.assign(this.flows, flows ?? {});
    Object.assign(this.heads, head ?? {});
    for (const name of ["alarms", "blocked", "troubles"]) this[name] = states[name] ?? this[name];
    if (topology || flows || states.blocked) this.turn += 1;
    if (!topology) return;
    this.topology = topology;
    for (const { name, queue } of topology.consumers) {
      if (!this.places.has(name)) this.places.set(name, new Set());
      this.places.get(name).add(queue);
    }
  }

  queue(name) {
    if (!this.queues.has(name))
      this.queues.set(name, { name, readings: [], rates: [], about: null, top: 4, delays: false });
    return this.queues.get(name);
  }

  /** The queues there are to show: the ones asked for, in that order, or all, without those that left. */
  known() {
    if (this.names.length) return this.names.map((name) => this.queue(name));
    return [...this.queues.values()].filter((queue) => !this.#left(queue));
  }

  #left({ readings }) {
    const [t, ready] = latest(readings) ?? NOTHING;
    return ready === null && this.state !== "down" && this.now() - t > FAREWELL;
  }

  /** Seconds since the recording began, by the kernel's clock. */
  now() {
    return this.frozen ?? (this.state === "stopped" ? this.stopped : performance.now() / 1000 + this.offset);
  }

  silent() {
    return this.state !== "stopped" && this.frozen === undefined && performance.now() - this.heard > SILENCE * 1000;
  }

  /** A copy that stays as it is now, for a paused picture. */
  freeze() {
    const copy = (queue) => ({ ...queue, readings: [...queue.readings], rates: [...queue.rates] });
    return Object.assign(Object.create(Store.prototype), this, {
      frozen: this.now(),
      queues: new Map([...this.queues].map(([name, queue]) => [name, copy(queue)])),
      lanes: new Map([...this.lanes].map(([name, lane]) => [name, { ...lane, steps: [...lane.steps] }])),
      marks: [...this.marks],
      lines: [...this.lines],
      flows: { ...this.flows },
      heads: { ...this.heads },
    });
  }

  #setClock(now) {
    this.heard = performance.now();
    const offset = now - this.heard / 1000;
    // a late message must not set the clock back, a drifting one may, slowly
    this.offset = offset > this.offset ? offset : this.offset + (offset - this.offset) * 0.02;
    this.stopped = now;
  }
}

/** Append the items later than the last one there (messages may overlap), and keep what there is room for. */
function append(list, items, kept = READINGS_KEPT, shorten = dropOldest) {
  const last = list.length ? list[list.length - 1][0] : -1;
  for (const item of items ?? []) if (item[0] > last) list.push(item);
  if (list.length > kept) shorten(list, kept);
}

function dropOldest(list, kept) {
  list.splice(0, list.length - kept);
}

/** Of each two neighbours in the older half keep the higher, so that peaks stay: as recording.py does. */
function thin(list) {
  const half = Math.floor(list.length / 4) * 2;
  const kept = [];
  for (let index = 0; index < half; index += 2) {
    kept.push(height(list[index]) >= height(list[index + 1]) ? list[index] : list[index + 1]);
  }
  list.splice(0, half, ...kept);
}

/** Of each four neighbours in the older half keep the lowest and the highest; of texts the first and the last. */
function thinSteps(list) {
  const half = Math.floor(list.length / 8) * 4;
  const kept = [];
  for (let index = 0; index < half; index += 4) kept.push(...extremes(list.slice(index, index + 4)));
  list.splice(0, half, ...kept);
}

/** The lowest and the highest of some steps, in order of time; of texts the first and the last. */
function extremes(steps) {
  const texts = typeof steps[0][1] === "string";
  const order = texts ? steps : [...steps].sort((one, other) => one[1] - other[1]);
  return [...new Set([order[0], latest(order)])].sort((one, other) => one[0] - other[0]);
}

const height = (point) => point[1] + point[2] + point[3];
const NOTHING = [0, null, null, null, null];
const latest = (list) => (list.length ? list[list.length - 1] : null);

/** The place of the last item not later than t; -1 if there is none. */
function placeAt(list, t) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][0] <= t) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A reading by names; null in `ready` where the queue could not be seen. */
function named([t, ready, unacked, delayed, consumers] = NOTHING) {
  return { t, ready, unacked, delayed, consumers, total: (ready ?? 0) + (unacked ?? 0) + (delayed ?? 0) };
}

const reading = (queue) => named(latest(queue.readings) ?? NOTHING);
const readingAt = (queue, t) => named(queue.readings[placeAt(queue.readings, t)]);
