// --------------------------------------------------------------------------------------------------------------- edges
// One path each with its words, and dots that move on it as messages do.

const DOTS = 26; // pixels between two dots
const FRAME = 33; // milliseconds between two steps of the dots
const ONE_BY_ONE = 3; // messages a second up to which each dot is one message; beyond, dots only get faster

function arrowHead(parent, id, kind) {
  const frame = {
    id,
    class: kind,
    viewBox: "0 0 8 8",
    refX: 7,
    refY: 4,
    markerWidth: 8,
    markerHeight: 8,
    orient: "auto",
    markerUnits: "userSpaceOnUse",
  };
  svg("path", { d: "M0.5,0.8L7.5,4L0.5,7.2Z" }, svg("marker", frame, parent));
}

function makeEdge({ kind }, arrows) {
  const root = svg("g", { class: `edge ${kind}` });
  const line = svg(
    "path",
    { class: "line", "marker-end": `url(#${arrows}-${kind === "dead" ? "dead" : "plain"})` },
    root,
  );
  const dots = svg("path", { class: "dots" }, root);
  const label = svg("text", {}, root);
  const title = svg("title", {}, root);
  return { root, line, dots, label, title, offset: 0 };
}

function drawEdge({ root, line, dots, label, title }, edge) {
  root.classList.toggle("lost", Boolean(edge.gone));
  for (const piece of [line, dots]) {
    set(piece, "d", edge.path);
    piece.style.d = `path("${edge.path}")`; // as a style it moves by itself, where the browser can
  }
  line.style.strokeWidth = edge.rate > 0 ? Math.min(5, 1.5 + Math.log10(1 + edge.rate) * 0.9).toFixed(1) : "";
  root.classList.toggle("flows", edge.rate > 0);
  say(title, `${edge.label ? `${edge.label}: ` : ""}${perSecond(edge.rate)}`);
  const { words } = edge;
  say(label, words && edge.label ? shorten(edge, words.room) : "");
  if (words) setAll(label, { x: words.x.toFixed(1), y: words.y.toFixed(1), "text-anchor": words.anchor });
}

/** The words of an edge in that many pixels: of several keys the first, and how many more. */
function shorten({ label, keys, kind }, room) {
  if (widthOf(label) <= room) return label;
  if (kind === "dead") return fit("dead", room);
  if (!(keys?.length > 1)) return fit(label, room);
  const more = `, +${keys.length - 1}`;
  return fit(keys[0], room - widthOf(more)) + more;
}

/** Moves the dots while it runs: a dot a message as long as an eye could count them, beyond that ever faster. */
class Flow {
  constructor() {
    this.streams = [];
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  follow(edges, lines) {
    this.streams = edges
      .filter((edge) => edge.rate > 0 && !edge.hidden)
      .map((edge) => [lines.views.get(edge.id), speedOf(edge.rate)]);
  }

  /** Dots move from now on, or stand. */
  run(wanted) {
    const running = wanted && !this.calm.matches;
    if (running === Boolean(this.request)) return;
    cancelAnimationFrame(this.request);
    this.request = null;
    this.before = performance.now();
    if (running) this.request = requestAnimationFrame((now) => this.#step(now));
  }

  #step(now) {
    const passed = now - this.before;
    if (passed >= FRAME) {
      for (const [view, speed] of this.streams) {
        view.offset = (view.offset + (speed * Math.min(passed, 200)) / 1000) % DOTS;
        view.dots.style.strokeDashoffset = (DOTS - view.offset).toFixed(1);
      }
      this.before = now;
    }
    this.request = requestAnimationFrame((next) => this.#step(next));
  }
}

/** Pixels a second. */
function speedOf(rate) {
  return rate <= ONE_BY_ONE ? DOTS * rate : DOTS * ONE_BY_ONE + 60 * Math.log10(rate / ONE_BY_ONE);
}
