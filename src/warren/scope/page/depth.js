// ------------------------------------------------------------------------------------------------------------ depth
// One panel per queue: the numbers of now, and what it held; below them the lanes.

const FEW = 4; // queues with a wide chart each; more share the width in two columns
const BUSY = 4; // charts drawn at each news; of more some at one and some at the next, as narrow ones move slowly
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
  const lanes = lanesView(look, redraw);
  const whole = element("section", { class: "depth", "aria-label": "depth over time" }, legend, list, lanes.element);
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
      const bottom = columns === 1 && store.lanes.size > 0 ? 0 : columns; // the times stand below all that they hold for
      queues.forEach((queue, index) => {
        const place = { first: index < columns, timed: index >= queues.length - bottom };
        const due = charts && (index % turns === turn % turns || look.cursor !== null);
        panels.get(queue.name).draw(store, queue, time, place, due);
      });
      lanes.draw(store, time, charts, !queues.length);
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
  const plot = plotOf(chart, name, name, look, redraw, valuesAt);
  const label = `queue ${name}`;
  const whole = element("section", { class: "queue", "data-queue": name, "aria-label": label }, pipe, plot.element);

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
      plot.draw(store, queue, time, place, charts);
      draw(store, queue, state);
      say(about, state.ready === null ? "" : describe(queue, state));
      set(pipe, "title", `${name}: ${about.textContent}`);
      say(rates, store.state === "stopped" || state.ready === null ? "" : flowing(latest(queue.rates)));
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

/** Exact values of that moment, in words. */
function valuesAt(queue, t, now) {
  const state = readingAt(queue, t);
  const when = momentAgo(t, now);
  if (state.ready === null) return [when, "not to be seen"];
  const parts = [`${number(state.ready)} ready`, `${state.unacked === null ? "?" : number(state.unacked)} unacked`];
  if (state.delayed) parts.push(`${number(state.delayed)} delayed`);
  const flow = flowing(queue.rates[placeAt(queue.rates, t)]);
  return [when, parts.join(", "), plural(state.consumers ?? 0, "consumer"), flow].filter(Boolean);
}
