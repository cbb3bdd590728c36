// The page's side of a scope: keeps what the kernel tells it and draws it. No build step, nothing from a network.
//
// A view is a function of the store that returns { element, draw(now) }: `depthView` and `logView` below; a further
// one (topology) is one more function in `render`. Text from messages and queues only ever becomes textContent.

const SPANS = [12, 30, 60]; // seconds the picture spans: the first that holds the whole recording, or the last
const WINDOW = SPANS[SPANS.length - 1];
const PERIOD = 0.1; // seconds between the kernel's readings
const READINGS_KEPT = 6000; // per queue, as in recording.py
const LINES_KEPT = 300; // of the message log, as in view.py
const SILENCE = 4; // seconds without a word from the kernel until the page says so; it speaks every second
const OTHERS = 3; // queues the sentence names besides the one it is about
const SPOKEN = 6; // seconds between two summaries for a screen reader

// ------------------------------------------------------------------------------------------------------- the store

class Store {
  constructor() {
    this.queues = new Map();
    this.marks = [];
    this.lines = [];
    this.state = "live";
    this.why = "";
    this.names = [];
    this.offset = -Infinity; // kernel's clock minus the page's, seconds
    this.heard = performance.now();
    this.listeners = new Set();
  }

  /** Take in a message, whole or what is new. False if one before it was missed. */
  receive(message) {
    const complete = message.after <= (this.until ?? -1);
    for (const [name, news] of Object.entries(message.queues)) {
      const queue = this.queue(name);
      append(queue.readings, news.readings);
      append(queue.rates, news.rates);
      if (news.about) queue.about = { kind: news.about[1], arguments: news.about[2] };
    }
    append(this.marks, message.marks);
    append(this.lines, message.lines, LINES_KEPT);
    Object.assign(this, { state: message.state, why: message.why, vhost: message.vhost, version: message.version });
    this.names = message.names;
    this.until = Math.max(this.until ?? -1, message.until);
    this.#setClock(message.now);
    for (const listener of this.listeners) listener();
    return complete;
  }

  queue(name) {
    if (!this.queues.has(name)) this.queues.set(name, { name, readings: [], rates: [], about: null });
    return this.queues.get(name);
  }

  /** The queues to show: the ones asked for, in that order, or all there are. */
  shown() {
    const names = this.names.length ? this.names : [...this.queues.keys()];
    return names.map((name) => this.queue(name));
  }

  /** Seconds since the recording began, by the kernel's clock. */
  now() {
    return this.state === "stopped" ? this.stopped : performance.now() / 1000 + this.offset;
  }

  /** Seconds the picture spans. */
  span() {
    return SPANS.find((seconds) => seconds >= this.now()) ?? WINDOW;
  }

  silent() {
    return this.state !== "stopped" && performance.now() - this.heard > SILENCE * 1000;
  }

  #setClock(now) {
    this.heard = performance.now();
    const offset = now - this.heard / 1000;
    // a late message must not set the clock back, a drifting one may, slowly
    this.offset = offset > this.offset ? offset : this.offset + (offset - this.offset) * 0.02;
    this.stopped = now;
  }
}

/** Append the items later than the last one there (messages may overlap), and keep the newest. */
function append(list, items, kept = READINGS_KEPT) {
  const last = list.length ? list[list.length - 1][0] : -1;
  for (const item of items) if (item[0] > last) list.push(item);
  if (list.length > kept) list.splice(0, list.length - kept);
}

const NOTHING = [0, null, null, null, null];
const latest = (list) => (list.length ? list[list.length - 1] : null);
const reading = (queue) => {
  const [t, ready, unacked, delayed, consumers] = latest(queue.readings) ?? NOTHING;
  return { t, ready, unacked, delayed, consumers, total: (ready ?? 0) + (unacked ?? 0) + (delayed ?? 0) };
};

/** What the queue held at time t. */
function totalAt(queue, t) {
  const at = queue.readings.findLast((entry) => entry[0] <= t);
  return at ? at[1] + at[2] + at[3] : 0;
}

// ---------------------------------------------------------------------------------------------------- page elements

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function svg(tag, attributes = {}, parent = null, text = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  parent?.append(made);
  return made;
}

/** Set text only where it differs: an untouched node costs no layout. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const number = (value) => value.toLocaleString("en-US");
const perSecond = (value) => `${number(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10)}/s`;

// ------------------------------------------------------------------------------------------------------------ depth

/** One panel per queue: a pipe with the numbers of now, and what it held over the last minute. */
function depthView(store) {
  const panels = new Map();
  const list = element("div", { class: "queues" });
  const legend = element("div", { class: "legend" });
  const title = element("span", { class: "faint" });
  legend.append(title, ...["ready", "unacked", "delayed", "consumers"].map(key));
  const whole = element("section", { class: "depth", "aria-label": "queues" }, legend, list);

  return {
    element: whole,
    draw(now) {
      const queues = store.shown();
      say(title, `messages in the queue${queues.length > 1 ? "s" : ""}, last ${store.span()} s`);
      whole.classList.toggle("many", queues.length > 4);
      whole.classList.toggle("delays", queues.some((queue) => queue.readings.some((entry) => entry[3])));
      queues.forEach((queue, index) => {
        if (!panels.has(queue.name)) {
          panels.set(queue.name, panel(queue));
          list.append(panels.get(queue.name).element);
        }
        const place = { first: index === 0, last: index === queues.length - 1, of: queues.length };
        panels.get(queue.name).draw(store, now, place);
      });
    },
  };
}

function key(name) {
  return element("span", { class: `key ${name}` }, element("i"), name);
}

function panel(queue) {
  const name = element("h3", {}, queue.name);
  const counts = ["ready", "unacked", "delayed"].map((what) => element("b", { class: what }));
  const fills = ["unacked", "ready", "delayed"].map((what) => element("i", { class: what }));
  const about = element("div", { class: "about" });
  const rates = element("span", { class: "rates" });
  const pipe = element("div", { class: "pipe" },
    element("div", { class: "top" }, name, rates, element("span", { class: "counts" }, ...counts)),
    element("div", { class: "bar" }, ...fills),
    about);
  const chart = depthChart();
  const whole = element("section", { class: "queue", "data-queue": queue.name, "aria-label": `queue ${queue.name}` },
    pipe, chart.element);

  return {
    element: whole,
    draw(store, now, place) {
      const state = reading(queue);
      whole.classList.toggle("absent", state.ready === null);
      const top = chart.draw(store, queue, now, place);
      drawPipe(queue, state, { counts, fills, about, rates }, top, store);
    },
  };
}

function drawPipe(queue, state, { counts, fills, about, rates }, top, store) {
  const known = state.ready !== null;
  const words = known ? ["ready", "unacked", "delayed"] : [];
  counts.forEach((node, index) => {
    const count = state[words[index]];
    const shown = known && count !== null && (index < 2 || count > 0);
    say(node, shown ? `${number(count)} ${words[index]}` : "");
  });
  if (!known) say(counts[0], store.state === "down" ? "unknown" : queue.readings.length > 1 ? "gone" : "not declared yet");
  fills.forEach((node) => {
    node.style.width = `${(100 * (state[node.className] ?? 0)) / top}%`;
  });
  say(about, known ? describe(queue, state) : "");
  about.parentElement.title = `${queue.name}: ${about.textContent}`;
  const flow = store.state === "stopped" ? null : latest(queue.rates);
  const [, published, delivered, acked, redelivered] = flow ?? [];
  const parts = known && flow
    ? [["in", published], ["delivered", delivered], ["acked", acked], ["redelivered", redelivered]].filter(
        ([, value], index) => index < 3 ? published || delivered || acked : value)
    : [];
  say(rates, parts.map(([what, value]) => `${what} ${perSecond(value)}`).join(" · "));
}

const WORTH_SAYING = {
  "x-message-ttl": (value) => `TTL ${value / 1000} s`,
  "x-max-length": (value) => `max length ${number(value)}`,
  "x-overflow": (value) => value,
  "x-delivery-limit": (value) => `delivery limit ${value}`,
  "x-dead-letter-exchange": (value, all) => `dead letters to ${value || all["x-dead-letter-routing-key"] || "a queue"}`,
  "x-single-active-consumer": (value) => (value ? "single active consumer" : ""),
  "x-expires": (value) => `expires unused after ${value / 1000} s`,
};

function describe(queue, state) {
  const parts = [queue.about?.kind, state.consumers ? plural(state.consumers, "consumer") : "nobody consumes"];
  for (const [name, word] of Object.entries(WORTH_SAYING)) {
    const value = queue.about?.arguments[name];
    if (value !== undefined) parts.push(word(value, queue.about.arguments));
  }
  return parts.filter(Boolean).join(" · ");
}

// -------------------------------------------------------------------------------------------------------- the chart

const MARGIN = { left: 40, right: 6, top: 6, bottom: 18 };
const HEADROOM = 1.05; // above the highest point
const LANE = 14; // pixels below the depth, for the consumers
const ROW = 14; // pixels between two rows of mark labels
const LAYERS = [["unacked", 2], ["ready", 1], ["delayed", 3]]; // from the bottom up: name, place in a reading

function depthChart() {
  const root = svg("svg", { class: "chart", "aria-hidden": "true" });
  const grid = svg("g", { class: "grid" }, root);
  const clip = `clip${Math.random().toString(36).slice(2)}`;
  const frame = svg("rect", {}, svg("clipPath", { id: clip }, root));
  const plot = svg("g", { "clip-path": `url(#${clip})` }, root);
  const gaps = svg("path", { class: "gap" }, plot);
  const areas = LAYERS.map(([name]) => svg("path", { class: `area ${name}` }, plot));
  const edge = svg("path", { class: "edge" }, plot);
  const crew = svg("path", { class: "crew" }, plot);
  const steps = svg("path", { class: "steps" }, plot);
  const words = svg("g", { class: "words" }, root);
  const size = { width: 0, height: 0 };
  new ResizeObserver(([entry]) => {
    size.width = entry.contentRect.width;
    size.height = entry.contentRect.height;
  }).observe(root);
  let top = 4;

  return {
    element: root,
    draw(store, queue, now, place) {
      const span = store.span();
      const points = stretch(queue.readings, now, span);
      top = ceiling(points, top);
      const width = size.width || root.clientWidth;
      const height = size.height || root.clientHeight;
      if (!width || !height) return top;
      const box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top };
      const labelled = place.last || place.of <= 4;
      box.floor = height - (labelled ? MARGIN.bottom : 3);
      box.bottom = box.floor - LANE - 5;
      const x = (t) => box.right - ((now - t) / span) * (box.right - box.left);
      const y = (value) => box.bottom - (value / top) * (box.bottom - box.top);
      setAll(frame, { x: box.left, y: 0, width: Math.max(0, box.right - box.left), height });
      drawGrid(grid, box, top, y);
      if (labelled) drawTimes(grid, box, span);
      drawLayers(areas, edge, points, x, y);
      gaps.setAttribute("d", gapPath(queue, points, now, x, box));
      words.replaceChildren();
      drawConsumers(crew, steps, words, points, x, box);
      drawMarks(words, store, now, x, box, place.first);
      return top;
    },
  };
}

function setAll(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

/** The readings of the window as corners of a line: each holds until shortly before the next. */
function stretch(readings, now, span) {
  const from = now - span - 1;
  let first = readings.length;
  while (first > 0 && readings[first - 1][0] > from) first -= 1;
  const points = [];
  for (const entry of readings.slice(Math.max(0, first - 1))) {
    const before = latest(points);
    if (before && entry[0] - before[0] > 1.6 * PERIOD) points.push([entry[0] - PERIOD, ...before.slice(1)]);
    points.push(entry);
  }
  const last = latest(points);
  if (last && now > last[0]) points.push([now, ...last.slice(1)]);
  return points;
}

/** The top of the scale: a round number over all there is; it grows at once and shrinks only when it is far too high. */
function ceiling(points, top) {
  let most = 0;
  for (const point of points) most = Math.max(most, point[1] + point[2] + point[3]);
  if (most * HEADROOM <= top && most > 0.35 * top) return top;
  for (let factor = 1; ; factor *= 10) {
    const round = [4, 8, 12, 16, 20, 40, 60, 80].find((step) => step * factor >= most * HEADROOM);
    if (round) return round * factor; // whole numbers, also at each quarter
  }
}

function drawGrid(grid, box, top, y) {
  grid.replaceChildren();
  const lines = box.bottom - box.top > 90 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1];
  for (const share of lines) {
    const value = top * share;
    const at = Math.round(y(value)) + 0.5;
    svg("line", { x1: box.left, x2: box.right, y1: at, y2: at, class: share ? "" : "base" }, grid);
    if (Number.isInteger(value)) {
      svg("text", { x: box.left - 7, y: at + 3.5, "text-anchor": "end" }, grid, number(value));
    }
  }
}

function drawTimes(grid, box, span) {
  const steps = box.right - box.left > 220 ? (span === 60 ? 4 : 3) : 1;
  for (let step = 0; step <= steps; step += 1) {
    const anchor = step === 0 ? "start" : step < steps ? "middle" : "end";
    const x = box.left + (step / steps) * (box.right - box.left);
    const words = step < steps ? `−${(span * (steps - step)) / steps} s` : "now";
    svg("text", { x, y: box.floor + 14, "text-anchor": anchor }, grid, words);
  }
}

function drawLayers(areas, edge, points, x, y) {
  const runs = split(points);
  const floor = points.map(() => 0);
  const at = new Map(points.map((point, index) => [point, index]));
  let ceilingLine = "";
  LAYERS.forEach(([, place], layer) => {
    let path = "";
    ceilingLine = "";
    for (const run of runs) {
      const low = run.map((point) => `${x(point[0]).toFixed(1)},${y(floor[at.get(point)]).toFixed(1)}`);
      for (const point of run) floor[at.get(point)] += point[place] ?? 0;
      const high = run.map((point) => `${x(point[0]).toFixed(1)},${y(floor[at.get(point)]).toFixed(1)}`);
      path += `M${high.join("L")}L${low.reverse().join("L")}Z`;
      ceilingLine += `M${high.join("L")}`;
    }
    areas[layer].setAttribute("d", path);
  });
  edge.setAttribute("d", ceilingLine);
}

/** The stretches in which the queue was there to be read. */
function split(points) {
  const runs = [];
  let run = null;
  for (const point of points) {
    if (point[1] === null) run = null;
    else if (run) run.push(point);
    else runs.push((run = [point]));
  }
  return runs;
}

/** Where it was known to exist before and was not to be seen: broker down, queue gone. */
function gapPath(queue, points, now, x, box) {
  let path = "";
  let seen = queue.readings.length > 0 && points.length > 0 && queue.readings[0] !== points[0];
  points.forEach((point, index) => {
    seen ||= point[1] !== null;
    const end = points[index + 1]?.[0] ?? now;
    if (seen && point[1] === null && end > point[0]) {
      path += `M${x(point[0]).toFixed(1)},${box.top}V${box.floor}H${x(end).toFixed(1)}V${box.top}Z`;
    }
  });
  return path;
}

/** Consumers as steps, in a lane of their own below the messages: they are counted, not stacked. */
function drawConsumers(crew, steps, words, points, x, box) {
  const most = Math.max(2, ...points.map((point) => point[4] ?? 0));
  let line = "";
  let area = "";
  for (const run of split(points)) {
    const from = x(run[0][0]).toFixed(1);
    run.forEach((point, index) => {
      const level = (box.floor - ((point[4] ?? 0) / most) * LANE).toFixed(1);
      line += index ? `H${x(point[0]).toFixed(1)}V${level}` : `M${from},${level}`;
      area += index ? `H${x(point[0]).toFixed(1)}V${level}` : `M${from},${box.floor}V${level}`;
    });
    area += `V${box.floor}Z`;
  }
  crew.setAttribute("d", area);
  steps.setAttribute("d", line);
  const count = latest(points)?.[4];
  const place = { class: "consumers", x: box.left - 7, y: box.floor - 2, "text-anchor": "end" };
  if (count !== null && count !== undefined) svg("text", place, words, number(count));
}

const ruler = document.createElement("canvas").getContext("2d");
const widths = new Map();

/** The width of a mark's label in pixels. */
function widthOf(label) {
  if (!widths.has(label)) {
    ruler.font = "11px system-ui, sans-serif";
    widths.set(label, ruler.measureText(label).width + 8);
  }
  return widths.get(label);
}

/** What happened, as dashed lines with labels in as many rows as it takes for none to cover another. */
function drawMarks(words, store, now, x, box, labelled) {
  const taken = []; // [row, from, to] in pixels
  for (const [t, label, by] of store.marks) {
    const at = x(t);
    if (at < box.left || t > now + 1) continue;
    const group = svg("g", { class: `mark ${by}` }, words);
    svg("line", { x1: at, x2: at, y1: box.top, y2: box.floor }, group);
    if (!labelled) continue;
    const width = widthOf(label);
    const left = at + width > box.right;
    const [from, to] = left ? [at - width, at] : [at, at + width];
    const rows = Math.max(1, Math.floor((box.bottom - box.top - 24) / ROW));
    const row = [...Array(rows).keys()].find(
      (candidate) => !taken.some(([other, start, end]) => other === candidate && from < end && to > start));
    if (row === undefined) continue;
    taken.push([row, from, to]);
    const place = { x: left ? at - 4 : at + 4, y: box.top + 11 + row * ROW, "text-anchor": left ? "end" : "start" };
    svg("text", place, group, label);
  }
}

// ------------------------------------------------------------------------------------------------------ message log

/** What the notebook's publishers and workers did: newest last, following unless the reader scrolled up. */
function logView(store, events) {
  const list = element("ol", { tabindex: "0", "aria-label": "message log" });
  const hint = element("p", { class: "hint" }, "What workers and publishers report appears here.");
  const whole = element("section", { class: "log" },
    element("div", { class: "legend" }, element("b", {}, "messages"), element("span", { class: "faint" }, "newest last")),
    element("div", { class: "lines" }, list, hint));
  let drawn = -1;
  return {
    element: whole,
    draw() {
      const news = store.lines.filter((line) => line[0] > drawn);
      if (!news.length) return;
      hint.remove();
      const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
      list.append(...news.map((line) => row(line, events)));
      while (list.childElementCount > LINES_KEPT) list.firstElementChild.remove();
      drawn = latest(news)[0];
      if (follows) list.scrollTop = list.scrollHeight;
    },
  };
}

function row([t, who, event, what], events) {
  return element("li", {},
    element("time", {}, `${t.toFixed(1)} s`),
    element("span", { class: "who" }, who),
    element("b", { class: events[event] ?? "quiet" }, event),
    element("span", { class: "what" }, what));
}

// ------------------------------------------------------------------------------------------------- header and words

const STATES = {
  live: "live",
  alone: "live, AMQP alone",
  down: "broker down",
  stopped: "stopped",
  silent: "no news from the kernel",
};

function header(store) {
  const word = element("b", {});
  const detail = element("span", { class: "faint" });
  const whole = element("header", {}, element("i", { class: "dot" }), word, detail);
  return {
    element: whole,
    draw() {
      const state = store.silent() ? "silent" : store.state;
      whole.dataset.state = state;
      say(word, STATES[state]);
      const parts = [state === "live" ? "10 readings a second" : trouble(store, state)];
      parts.push(`RabbitMQ ${String(store.version).split(".").slice(0, 2).join(".")}`, `vhost ${store.vhost}`);
      say(detail, parts.filter(Boolean).join(" · "));
    },
  };
}

function trouble(store, state) {
  if (state === "alone") return `${store.why}: no unacked, no rates`;
  if (state === "down") return "trying again until it is back";
  if (state === "stopped") return `${Math.round(store.now())} s recorded`;
  return "is it busy or gone?";
}

/** One sentence that says what the picture says, about the first queue where anything is. */
function sentence(store, now) {
  if (store.silent()) return "Nothing has been heard from the kernel for a while; what you see is the last known state.";
  if (store.state === "down") {
    return store.why === "vhost" ? "The vhost is gone; the picture goes on when it is back."
      : "The broker is down; the picture goes on when it is back.";
  }
  const queues = store.shown();
  const there = queues.filter((queue) => reading(queue).ready !== null);
  if (!there.length) {
    return queues.length ? `${queues.map((queue) => queue.name).join(", ")}: not declared yet; appears as soon as it is.`
      : "No queue yet; each appears as soon as it is declared.";
  }
  const subject = there.find((queue) => reading(queue).total || reading(queue).consumers) ?? there[0];
  const others = there.filter((queue) => queue !== subject && reading(queue).total > 0);
  const more = others.length > OTHERS ? `; and ${others.length - OTHERS} more queues hold messages` : "";
  const named = others.slice(0, OTHERS).map((queue) => `; ${queue.name}: ${held(reading(queue))}`);
  const when = store.state === "stopped" ? "At the end, " : "";
  return `${when}${told(subject, now)}${named.join("")}${more}.`;
}

const growth = (queue, now) => (totalAt(queue, now) - totalAt(queue, now - 3)) / 3;

function held({ ready, unacked, delayed }) {
  const parts = [];
  if (ready) parts.push(`${number(ready)} ready`);
  if (unacked) parts.push(`${number(unacked)} unacked`);
  if (delayed) parts.push(`${number(delayed)} delayed`);
  return parts.join(", ") || "empty";
}

function told(queue, now) {
  const state = reading(queue);
  const speed = Math.round(growth(queue, now));
  const parts = [state.ready ? `${number(state.ready)} ready` : state.total ? "none ready" : "empty"];
  if (Math.abs(speed) >= 1 && state.total) {
    parts[0] += speed > 0 ? ` and growing by ${number(speed)} a second` : ` and shrinking by ${number(-speed)} a second`;
  }
  if (state.unacked) parts.push(`${number(state.unacked)} unacked`);
  if (state.delayed) parts.push(`${number(state.delayed)} delayed`);
  const crew = state.consumers ? `${plural(state.consumers, "consumer")}` : "nobody consumes";
  if (state.unacked && state.consumers) parts[parts.length - 1] += ` at ${crew}`;
  else parts.push(crew);
  return `${queue.name}: ${parts.join("; ")}`;
}

// ------------------------------------------------------------------------------------------------------- the widget

function paint(node, palette) {
  for (const [name, hue] of Object.entries(palette)) {
    for (const [use, colour] of Object.entries(hue)) node.style.setProperty(`--${name}-${use.replace("_", "-")}`, colour);
  }
}

/** Redraw at news, and ten times a second while something in the window moves with time; never out of sight. */
function drive(node, store, draw) {
  let seen = true;
  let dirty = true;
  let asked = false;
  let silent = false;
  let drawn = 0;
  const moving = () => {
    const since = store.now() - store.span() - 2;
    return store.state !== "stopped" && (store.marks.some((mark) => mark[0] > since)
      || store.shown().some((queue) => reading(queue).t > since && queue.readings.length > 1));
  };
  const frame = () => {
    asked = dirty = false;
    drawn = performance.now();
    draw();
  };
  const redraw = () => {
    dirty = true;
    if (asked || !seen || document.hidden) return;
    asked = true;
    requestAnimationFrame(frame);
  };
  const tick = () => {
    const turned = silent !== store.silent();
    silent = store.silent();
    const late = performance.now() - drawn > 900 * PERIOD; // no news has drawn it in this period
    if (dirty || turned || (late && !silent && moving())) redraw();
  };
  const timer = setInterval(tick, 1000 * PERIOD);
  const watcher = new IntersectionObserver((entries) => {
    seen = latest(entries).isIntersecting;
    if (dirty) redraw();
  });
  watcher.observe(node);
  const resized = new ResizeObserver(redraw);
  resized.observe(node);
  store.listeners.add(redraw);
  return () => {
    clearInterval(timer);
    watcher.disconnect();
    resized.disconnect();
    store.listeners.delete(redraw);
  };
}

function render(store, { model, el }) {
  const top = header(store);
  const views = [depthView(store), logView(store, model.get("events"))];
  const foot = element("p", { class: "sentence" });
  const spoken = element("p", { class: "spoken", role: "status", "aria-live": "polite" });
  const body = element("div", { class: "body" }, ...views.map((view) => view.element));
  const whole = element("div", { class: "warren-scope", role: "group", "aria-label": "queues, live" },
    top.element, body, foot, spoken);
  paint(whole, model.get("palette"));
  el.append(whole);
  let spokenAt = -Infinity;
  return drive(whole, store, () => {
    const now = store.now();
    whole.classList.toggle("narrow", whole.clientWidth < 640);
    for (const view of [top, ...views]) view.draw(now);
    const words = sentence(store, now);
    say(foot, words);
    if (performance.now() - spokenAt > SPOKEN * 1000 && spoken.textContent !== words) {
      say(spoken, words);
      spokenAt = performance.now();
    }
  });
}

export default () => {
  const store = new Store();
  return {
    initialize({ model }) {
      store.receive(model.get("snapshot"));
      model.on("msg:custom", (message) => {
        if (!store.receive(message)) model.send({ ask: "everything" });
      });
    },
    render: (context) => render(store, context),
  };
};
