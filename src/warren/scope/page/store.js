// ------------------------------------------------------------------------------------------------------- the store
// What the kernel told, kept.

const SPANS = [12, 30, 60]; // seconds the picture spans: the first that holds the whole recording, or the last
const PERIOD = 0.1; // seconds between the kernel's readings
const READINGS_KEPT = 6000; // per queue, as in recording.py
const LINES_KEPT = 300; // of the message log, as in view.py
const SILENCE = 4; // seconds without a word from the kernel until the page says so; it speaks every second

class Store {
  constructor() {
    this.queues = new Map();
    this.marks = [];
    this.lines = [];
    this.topology = null; // as the kernel sent it last; see topology.js
    this.flows = {}; // messages a second by edge
    this.heads = {}; // by queue: { age of its oldest message, seconds; dead: how many it dead-lettered }
    this.alarms = [];
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
      append(queue.rates, news.rates, READINGS_KEPT, thin);
      if (news.about) queue.about = { kind: news.about[1], arguments: news.about[2] };
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
  #learn({ topology, flows, head, alarms }) {
    Object.assign(this.flows, flows ?? {});
    Object.assign(this.heads, head ?? {});
    this.alarms = alarms ?? this.alarms;
    if (topology || flows) this.turn += 1;
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

  /** The queues there are to show: the ones asked for, in that order, or all. */
  known() {
    const names = this.names.length ? this.names : [...this.queues.keys()];
    return names.map((name) => this.queue(name));
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

/** What one reader of one widget chose to see. A re-run of the cell finds it again by the widget's title. */
class Look {
  constructor(name) {
    const choices = (globalThis.warrenScopeChoices ??= new Map());
    if (!choices.has(name)) choices.set(name, {});
    this.chosen = Object.assign(choices.get(name), {
      view: "both",
      whole: false,
      hidden: [],
      help: false,
      ...choices.get(name),
    });
    this.from = 0; // seconds: what was cleared lies before
    this.cursor = null; // { share of the time axis } under the pointer or { t } by keyboard
    this.width = 0; // pixels inside the widget
    this.who = this.event = this.queue = ""; // what the log shows
  }

  queues(store) {
    return store.known().filter((queue) => !this.chosen.hidden.includes(queue.name));
  }

  /** The time the charts show, seconds since the recording began. */
  time(store) {
    const now = store.now();
    const length = now - this.from;
    const span = SPANS.find((seconds) => seconds >= length) ?? (this.chosen.whole ? length : latest(SPANS));
    return { to: now, span, from: now - span, since: this.from };
  }
}
