// --------------------------------------------------------------------------------------------------------------- edges
// One path each with its words, and dots that move on it as messages do.

const DOTS = 26; // pixels between two dots
const FRAME = 30; // milliseconds the dots rest at least: each step costs the browser a drawing
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
  root.classList.toggle("orderly", edge.gone === "cancelled");
  for (const piece of [line, dots]) {
    set(piece, "d", edge.path);
    piece.style.d = `path("${edge.path}")`; // as a style it moves by itself, where the browser can
  }
  line.style.strokeWidth = edge.rate > 0 ? Math.min(5, 1.5 + Math.round(Math.log10(1 + edge.rate) * 4) / 4) : "";
  root.classList.toggle("flows", edge.rate > 0);
  root.classList.toggle("unmeasured", edge.rate === null);
  say(title, [edge.label, edge.rate === null ? "rate not known" : perSecond(edge.rate)].filter(Boolean).join(": "));
  const { words } = edge;
  say(label, words && edge.label ? shorten(edge, words.room) : "");
  if (words) setAll(label, { x: words.x.toFixed(1), y: words.y.toFixed(1), "text-anchor": words.anchor });
}

/** The words of an edge in that many pixels: of several keys the first, and how many more. */
function shorten({ label, short, keys, kind }, room) {
  if (widthOf(label) <= room) return label;
  if (kind === "dead") return [short, "dead letters", "dead"].find((words) => widthOf(words) <= room) ?? "";
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
    if (running === Boolean(this.resting)) return;
    clearTimeout(this.resting);
    cancelAnimationFrame(this.request);
    this.resting = 0;
    this.before = performance.now();
    if (running) this.#rest();
  }

  #rest() {
    this.resting = setTimeout(() => {
      this.request = requestAnimationFrame((now) => this.#step(now));
    }, FRAME);
  }

  #step(now) {
    const passed = Math.max(0, Math.min(now - this.before, 200));
    this.before = now;
    for (const [view, speed] of this.streams) {
      view.offset = (view.offset + (speed * passed) / 1000) % DOTS;
      view.dots.style.strokeDashoffset = (DOTS - view.offset).toFixed(1);
    }
    this.#rest();
  }
}

/** Pixels a second. */
function speedOf(rate) {
  return rate <= ONE_BY_ONE ? DOTS * rate : DOTS * ONE_BY_ONE + 60 * Math.log10(rate / ONE_BY_ONE);
}
