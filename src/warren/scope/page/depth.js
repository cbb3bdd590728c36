// ------------------------------------------------------------------------------------------------------------ depth
// One panel per queue: the numbers of now, and what it held. One cursor for all charts, by pointer or arrow keys.

const FEW = 4; // queues with a wide chart each; more share the width in two columns
const STEP = 0.5; // seconds an arrow key moves the cursor; with Shift ten times that
const BUSY = 4; // charts drawn at each news; of more some at one and some at the next, as narrow ones move slowly
const TOLD = 1000; // milliseconds between two texts of a chart for a screen reader
const SLOW = 500; // milliseconds between two drawings of a whole recording that moves by less than a pixel

function depthView(store, look, redraw) {
  const panels = new Map();
  const list = element("div", { class: "queues" });
  const spans = choice(
    "time shown",
    [
      ["last 60 s", false],
      ["whole recording", true],
    ],
    () => look.chosen.whole,
    (whole) => {
      look.choose({ whole });
      redraw();
    },
  );
  const legend = element(
    "div",
    { class: "legend" },
    element("b", {}, "depth"),
    element("span", { class: "faint" }, "messages in a queue"),
    ...["ready", "unacked", "delayed", "consumers"].map(key),
    spans.element,
  );
  const whole = element("section", { class: "depth", "aria-label": "depth over time" }, legend, list);
  let charted = 0;
  let turn = 0;

  return {
    element: whole,
    draw(store, mapped) {
      const queues = look.queues(store);
      const time = look.time(store);
      spans.draw();
      whole.classList.toggle("many", queues.length > FEW);
      whole.classList.toggle("mapped", mapped);
      whole.classList.toggle(
        "delays",
        queues.some((queue) => queue.delays),
      );
      const charts = SPANS.includes(time.span) || look.cursor || performance.now() - charted > SLOW;
      if (charts) charted = performance.now();
      const columns = queues.length > FEW && look.width > 430 ? 2 : 1;
      set(list, "style", `grid-template-columns: repeat(${columns}, minmax(0, 1fr))`);
      turn += 1;
      const turns = Math.min(BUSY, Math.ceil(queues.length / BUSY));
      arrange(panels, queues, list, (queue) => panel(queue, look, redraw));
      queues.forEach((queue, index) => {
        const place = { first: index < columns, timed: index >= queues.length - columns };
        const due = charts && (index % turns === turn % turns || look.cursor !== null);
        panels.get(queue.name).draw(store, queue, time, place, due);
      });
    },
  };
}

/** One panel for each queue, in their order; none for others. */
function arrange(panels, queues, list, make) {
  for (const [name, panel] of panels) {
    if (queues.some((queue) => queue.name === name)) continue;
    panel.forget();
    panels.delete(name);
  }
  queues.forEach((queue, index) => {
    if (!panels.has(queue.name)) panels.set(queue.name, make(queue));
    const node = panels.get(queue.name).element;
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}

function key(name) {
  return element("span", { class: `key ${name}` }, element("i"), name);
}

function panel({ name }, look, redraw) {
  const { counts, bar, draw } = gauge();
  const about = element("div", { class: "about" });
  const rates = element("span", { class: "rates" });
  const top = element("div", { class: "top" }, element("h3", {}, name), rates, counts);
  const pipe = element("div", { class: "pipe" }, top, bar, about);
  const chart = depthChart(look.eyes, redraw);
  const tip = element("div", { class: "tip", hidden: "" });
  const slider = { role: "slider", "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0 };
  const plot = element(
    "div",
    { class: "plot", tabindex: "0", "aria-label": `${name} over time`, ...slider },
    chart.element,
    tip,
  );
  const whole = element("section", { class: "queue", "data-queue": name, "aria-label": `queue ${name}` }, pipe, plot);
  const drawn = { place: null, time: null };
  steer(plot, name, look, drawn, redraw);

  return {
    element: whole,
    forget() {
      chart.forget();
      whole.remove();
    },
    draw(store, queue, time, place, charts) {
      const state = reading(queue);
      whole.classList.toggle("timed", place.timed);
      whole.classList.toggle("absent", state.ready === null);
      if (charts) drawn.place = chart.draw(store, queue, time, place);
      drawn.time = time;
      draw(store, queue, state);
      say(about, state.ready === null ? "" : describe(queue, state));
      set(pipe, "title", `${name}: ${about.textContent}`);
      say(rates, store.state === "stopped" || state.ready === null ? "" : flowing(latest(queue.rates)));
      if (charts) showCursor(queue, look, { chart, tip, plot }, drawn);
    },
  };
}

/** What goes in and out, messages a second; nothing where nothing does. */
function flowing(rates) {
  const [, published, delivered, acked, redelivered] = rates ?? [];
  const parts = [
    ["in", published],
    ["delivered", delivered],
    ["acked", acked],
    ["redelivered", redelivered],
  ];
  return parts
    .filter(([, value], index) => (index < 3 ? published || delivered || acked : value))
    .map(([what, value]) => `${what} ${perSecond(value)}`)
    .join(" · ");
}

// the cursor

function steer(plot, name, look, drawn, redraw) {
  const move = (cursor) => {
    look.cursor = cursor && { ...cursor, queue: name };
    redraw();
  };
  plot.addEventListener("pointermove", (event) => {
    const { left, width } = plot.getBoundingClientRect();
    const share = (event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
    move({ share: Math.min(1, Math.max(0, share)) });
  });
  plot.addEventListener("pointerleave", () => move(null));
  plot.addEventListener("blur", () => move(null));
  plot.addEventListener("keydown", (event) => {
    const { from, to, span } = drawn.time;
    const first = Math.max(from, look.from, 0);
    const step = event.shiftKey ? 10 * STEP : Math.max(STEP, span / 200);
    const t = look.cursor ? moveTo(look.cursor, drawn.time) : to;
    const moves = { ArrowLeft: t - step, ArrowRight: t + step, Home: first, End: to };
    if (event.key === "Escape" && look.cursor) move(null);
    else if (event.key in moves) move({ t: Math.min(to, Math.max(first, moves[event.key])) });
    else return;
    event.preventDefault(); // the notebook has its own use for arrow keys
    event.stopPropagation();
  });
}

/** The cursor's moment, seconds since the recording began. */
function moveTo(cursor, { from, span }) {
  return cursor.t ?? from + cursor.share * span;
}

function showCursor(queue, look, { chart, tip, plot }, { place, time }) {
  if (!place) return;
  const t = look.cursor ? moveTo(look.cursor, time) : null;
  const inside = t !== null && t >= time.from && t >= 0;
  const x = inside ? place.x(t) : null;
  chart.point(x, place.box);
  const here = look.cursor?.queue === queue.name;
  if (here || performance.now() - (plot.told ?? -Infinity) > TOLD) {
    plot.told = performance.now();
    setAll(plot, { "aria-valuemin": Math.max(0, time.from).toFixed(1), "aria-valuemax": time.to.toFixed(1) });
    setAll(plot, {
      "aria-valuenow": Math.max(0, t ?? time.to).toFixed(1),
      "aria-valuetext": valuesAt(queue, t ?? time.to, time.to).join(", "),
    });
  }
  tip.hidden = !inside;
  if (!inside) return;
  const words = valuesAt(queue, t, time.to);
  tip.classList.toggle("brief", !here);
  say(tip, (here ? words : words.slice(1, 2)).join("\n"));
  const right = x > (place.box.left + place.box.right) / 2;
  tip.style.left = right ? "" : `${(x + 8).toFixed(0)}px`;
  tip.style.right = right ? `${(place.box.right + MARGIN.right - x + 8).toFixed(0)}px` : "";
}

/** Exact values of that moment, in words. */
function valuesAt(queue, t, now) {
  const state = readingAt(queue, t);
  const when = now - t < 0.05 ? "now" : `${(now - t).toFixed(1)} s ago, at ${moment(t)}`;
  if (state.ready === null) return [when, "not to be seen"];
  const parts = [`${number(state.ready)} ready`, `${state.unacked === null ? "?" : number(state.unacked)} unacked`];
  if (state.delayed) parts.push(`${number(state.delayed)} delayed`);
  const flow = flowing(queue.rates[placeAt(queue.rates, t)]);
  return [when, parts.join(", "), plural(state.consumers ?? 0, "consumer"), flow].filter(Boolean);
}
