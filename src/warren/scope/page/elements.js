// ------------------------------------------------------------------------------------------------ elements and words
// Text from messages and queues only ever becomes textContent or an attribute.

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

function button(text, press, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", press);
  return made;
}

/** Set text only where it differs: an untouched node costs no layout. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function set(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

function setAll(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
}

const ruler = document.createElement("canvas").getContext("2d");
const widths = new Map();

/** The width of a small label in pixels. */
function widthOf(label) {
  if (!widths.has(label)) {
    if (widths.size > 2000) widths.clear();
    ruler.font = "11px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
    widths.set(label, ruler.measureText(label).width);
  }
  return widths.get(label);
}

/** The label, cut to the width with an ellipsis. */
function fit(label, width) {
  if (widthOf(label) <= width) return label;
  let length = label.length;
  while (length > 1 && widthOf(`${label.slice(0, length)}…`) > width) length -= 1;
  return `${label.slice(0, length)}…`;
}

const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
const digits = new Intl.NumberFormat("en-US");
const number = (value) => digits.format(value);
const rounded = (value) => number(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10);
const perSecond = (value) => `${rounded(value)}/s`;

/** A length of time as one would say it. */
function lasting(seconds) {
  if (seconds < 100) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** A moment of the recording: 41.2 s, 12:05, 1:02:05. */
function moment(t, exact = true) {
  if (t < 100) return `${exact ? t.toFixed(1) : Math.round(t)} s`;
  const [hours, minutes, seconds] = [Math.floor(t / 3600), Math.floor(t / 60) % 60, Math.floor(t) % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

function held({ ready, unacked, delayed }) {
  const parts = [];
  if (ready) parts.push(`${number(ready)} ready`);
  if (unacked) parts.push(`${number(unacked)} unacked`);
  if (delayed) parts.push(`${number(delayed)} delayed`);
  return parts.join(", ") || "empty";
}

const WORTH_SAYING = {
  "x-message-ttl": (value) => `TTL ${value / 1000} s`,
  "x-max-length": (value) => `max length ${number(value)}`,
  "x-max-length-bytes": (value) => `max ${number(value)} bytes`,
  "x-overflow": (value) => value,
  "x-delivery-limit": (value) => `delivery limit ${value}`,
  "x-dead-letter-exchange": (value, all) => `dead letters to ${value || all["x-dead-letter-routing-key"] || "a queue"}`,
  "x-single-active-consumer": (value) => (value ? "single active consumer" : ""),
  "x-max-priority": (value) => `priorities to ${value}`,
  "x-max-age": (value) => `keeps ${value}`,
  "x-expires": (value) => `expires unused after ${value / 1000} s`,
};

/** Type, consumers and the arguments that matter, without those that are said elsewhere. */
function describe(queue, state, elsewhere = []) {
  const crew = state.consumers ? plural(state.consumers, "consumer") : "nobody consumes";
  const parts = [queue.about?.kind, elsewhere.includes("consumers") && state.consumers ? "" : crew];
  for (const [name, word] of Object.entries(WORTH_SAYING)) {
    if (elsewhere.includes(name)) continue;
    const value = queue.about?.arguments[name];
    if (value !== undefined) parts.push(word(value, queue.about.arguments));
  }
  return parts.filter(Boolean).join(" · ");
}

/** Why a queue shows no numbers. */
function absence(queue, store) {
  return store.state === "down" ? "unknown" : queue.readings.length > 1 ? "gone" : "not declared yet";
}

/** Three numbers and a bar, wherever a queue is drawn. */
function gauge() {
  const words = ["ready", "unacked", "delayed"];
  const counts = words.map((what) => element("b", { class: what }));
  const fills = ["unacked", "ready", "delayed"].map((what) => element("i", { class: what }));
  return {
    counts: element("span", { class: "counts" }, ...counts),
    bar: element("div", { class: "bar" }, ...fills),
    draw(store, queue, state) {
      const known = state.ready !== null;
      counts.forEach((node, index) => {
        const count = state[words[index]];
        say(node, known && count !== null && (index < 2 || count > 0) ? `${number(count)} ${words[index]}` : "");
      });
      if (!known) say(counts[0], absence(queue, store));
      const full = queue.about?.arguments["x-max-length"] || queue.top; // a pipe with a limit is full there
      let room = 100;
      fills.forEach((node) => {
        const share = Math.min(room, (100 * (state[node.className] ?? 0)) / full);
        room -= share;
        node.style.width = `${share.toFixed(1)}%`;
      });
    },
  };
}
