// ----------------------------------------------------------------------------------------------------------- lanes
// Values of the notebook's own on the time axis of the queues: a number is a line in steps, a text a band that bears it.

const SPOKEN_LANES = 8; // lanes a screen reader is told of in one sentence
const ROUND = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]; // tops of a scale, times a power of ten
const EXACT = 6; // digits of a number under the cursor
const BRIEF = 3; // digits of a number beside its name
const APART = 12; // pixels between two numbers of a scale
const KEYS = 4; // texts at most that are told beside the name, as their bands are too narrow

const bandOf = (lane) => typeof lane.steps[0][1] === "string";
const hueOf = (lane, text) => `var(--${lane.hues.get(text) ?? "quiet"}-fill)`;

/** A number with so many digits; whole ones exactly. */
function figure(value, digits) {
  if (value < 0) return `−${figure(-value, digits)}`;
  if (Number.isInteger(value)) return number(value);
  if (value >= 10 ** digits) return number(Math.round(value));
  return value.toLocaleString("en-US", { maximumSignificantDigits: digits });
}

/** A number beside a scale: it has room for a few characters. */
function short(value) {
  return Math.abs(value) < 10_000 ? figure(value, BRIEF) : value.toLocaleString("en-US", { notation: "compact" });
}

/** The present values, for who cannot see them. */
function lanesNow({ lanes }) {
  const told = [...lanes.values()].slice(0, SPOKEN_LANES).map(({ name, steps }) => `${name}: ${valueOf(latest(steps))}`);
  const more = lanes.size - told.length;
  return told.length ? ` ${told.join(" · ")}${more > 0 ? ` · ${plural(more, "more lane")}` : ""}.` : "";
}

const valueOf = ([, value], digits = BRIEF) => (typeof value === "string" ? value : figure(value, digits));

function lanesView(look, redraw) {
  const panels = new Map();
  const whole = element("div", { class: "lanes", hidden: "" });
  return {
    element: whole,
    /** `labelled`: there is no queue above whose chart names the marks. */
    draw(store, time, charts, labelled) {
      const lanes = [...store.lanes.values()];
      whole.hidden = !lanes.length;
      arrange(panels, lanes, whole, (lane) => lanePanel(lane, look, redraw));
      lanes.forEach((lane, index) => {
        const place = { first: labelled && index === 0, timed: index === lanes.length - 1 };
        panels.get(lane.name).draw(store, lane, time, place, charts);
      });
    },
  };
}

function lanePanel({ name, steps }, look, redraw) {
  const band = bandOf({ steps });
  const swatch = element("i", { class: "swatch" });
  const now = element("b", { class: band ? "word" : "level" });
  const keys = element("span", { class: "keys faint" });
  const counts = element("span", { class: "counts" }, swatch, now);
  const top = element("div", { class: "top" }, element("h3", {}, name), keys, counts);
  const chart = laneChart(look.eyes, band ? drawBand : drawLine, redraw);
  const plot = plotOf(chart, `lane ${name}\n`, name, look, redraw, laneAt);
  const kind = `lane ${band ? "band" : "numeric"}`;
  const whole = element("section", { class: kind, "data-lane": name, "aria-label": `lane ${name}` }, top, plot.element);
  return {
    element: whole,
    forget() {
      chart.forget();
      whole.remove();
    },
    draw(store, lane, time, place, charts) {
      whole.classList.toggle("timed", place.timed);
      const last = latest(lane.steps);
      say(now, valueOf(last));
      set(swatch, "style", `background: ${band ? hueOf(lane, last[1]) : "var(--lane)"}`);
      plot.draw(store, lane, time, place, charts);
      const unsaid = chart.unsaid().filter((text) => text !== last[1]);
      if (unsaid.join() === keys.dataset.told) return;
      keys.dataset.told = unsaid.join();
      keys.replaceChildren(...unsaid.map((text) => element("span", {}, colour(hueOf(lane, text)), text)));
    },
  };
}

const colour = (hue) => element("i", { class: "swatch", style: `background: ${hue}` });

/** What it was at that moment, exactly, in words. */
function laneAt({ steps }, t, now) {
  const step = steps[placeAt(steps, t)];
  return [momentAgo(t, now), step ? valueOf(step, EXACT) : "not told yet"];
}

/** `drawShapes` draws what moves with time, anew only when something came or it has moved far. */
function laneChart(eyes, drawShapes, redraw) {
  const { root, grid, moved, words, cursor, clip } = paper();
  const marks = new Map();
  const size = eyes.watch(root, redraw);
  const drawn = { key: "", to: 0, rows: 0, ahead: AHEAD, low: 0, top: 0, unsaid: [] };
  const layers = { moved, grid, still: svg("g", {}, words) };
  return {
    element: root,
    forget: () => eyes.forget(root),
    point: cursor,
    /** The texts in sight that none of their bands has room for. */
    unsaid: () => drawn.unsaid,
    draw(store, lane, time, place) {
      const { width, height } = size;
      if (!width || !height || !size.seen) return null;
      const box = laneBox(width, height, drawn.rows, place.timed, bandOf(lane) ? MARGIN.bottom : MARGIN.top);
      const x = (t) => box.right - ((time.to - t) / time.span) * (box.right - box.left);
      const times = SPANS.includes(time.span) ? "" : Math.floor(time.to / 5);
      const last = latest(lane.steps)[0];
      const key = [width, height, drawn.rows, place.timed, time.span, time.since, lane.steps.length, last, times].join();
      if (key !== drawn.key || time.to > drawn.to + drawn.ahead || time.to < drawn.to) {
        Object.assign(drawn, { key, to: time.to });
        for (const layer of Object.values(layers)) layer.replaceChildren();
        clip(box, height);
        drawShapes(layers, lane, time, x, box, drawn);
        if (place.timed) drawTimes(grid, box, time);
      }
      set(moved, "transform", `translate(${tenth(x(drawn.to) - box.right)},0)`);
      const needed = drawMarks(words, marks, store, time, x, box, place.first);
      if (needed !== drawn.rows) root.style.setProperty("--labels", `${needed * ROW}px`);
      drawn.rows = needed;
      return { box, x };
    },
  };
}

function laneBox(width, height, rows, timed, margin) {
  const floor = height - margin - (timed ? AXIS : 0);
  return { left: MARGIN.left, right: width - MARGIN.right, top: margin + rows * ROW, floor, bottom: floor };
}

/** The steps of that time, the first from where it is seen, at most three for a pixel. */
function stepsIn(steps, time, width) {
  const found = [];
  const until = placeAt(steps, time.to + 1);
  for (let index = Math.max(0, placeAt(steps, time.from - 1)); index <= until; index += 1) {
    if (steps[index][0] >= time.since) found.push(steps[index]);
    else if (!(steps[index + 1]?.[0] <= time.since)) found.push([time.since, steps[index][1]]);
  }
  if (found.length <= width) return found;
  const pixels = Map.groupBy(found, ([t]) => Math.floor((t * width) / time.span));
  return [...pixels.values()].flatMap((pixel) => [...new Set([...extremes(pixel), latest(pixel)])]);
}

/** A line in steps, each until the next, the last a little beyond the edge; the scale holds zero. */
function drawLine({ moved, grid }, lane, time, x, box, drawn) {
  const steps = stepsIn(lane.steps, time, box.right - box.left);
  const values = steps.map(([, value]) => value);
  drawn.top = roof(Math.max(0, ...values), drawn.top);
  drawn.low = -roof(-Math.min(0, ...values), -drawn.low);
  const top = drawn.top || (drawn.low ? 0 : 1);
  const y = (value) => tenth(box.bottom - ((value - drawn.low) / (top - drawn.low)) * (box.bottom - box.top));
  for (const value of new Set([drawn.low, 0, top])) {
    const at = Math.round(y(value)) + 0.5;
    svg("line", { x1: box.left, x2: box.right, y1: at, y2: at, class: value ? "" : "base" }, grid);
    const crowded = [drawn.low, top].some((other) => other !== value && Math.abs(y(other) - at) < APART);
    if (value || !crowded) svg("text", { x: box.left - 7, y: at + 3.5, "text-anchor": "end" }, grid, short(value));
  }
  if (!steps.length) return;
  const end = tenth(x(time.to + AHEAD));
  const [from, ...others] = steps.map(([t, value]) => [tenth(x(t)), y(value)]);
  const path = `${from.join()}${others.map(([at, level]) => `H${at}V${level}`).join("")}H${end}`;
  svg("path", { class: "under", d: `M${from[0]},${y(0)}L${path}V${y(0)}Z` }, moved);
  svg("path", { class: "level", d: `M${path}` }, moved);
}

/** A round number not below the value: the one before, while it suits. */
function roof(value, before) {
  if (!value || (value <= before && value > 0.35 * before)) return value && before;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (ROUND.find((step) => step * power >= value) ?? 10);
}

/** Each text for its time in its hue; where it fits its name, at the left edge as long as it is in sight. */
function drawBand({ moved, still }, lane, time, x, box, drawn) {
  drawn.ahead = Math.min(AHEAD, time.span / 40); // words must not be cut off for long
  const steps = stepsIn(lane.steps, time, box.right - box.left).filter(
    ([, text], index, all) => text !== all[index - 1]?.[1],
  );
  const paths = new Map(); // one for each hue, however many bands
  const said = new Map(); // by text in sight, whether it stands in one of its bands
  let begins = "";
  steps.forEach(([t, text], index) => {
    const from = tenth(x(t));
    const next = steps[index + 1]?.[0];
    const to = tenth(x(next ?? time.to + AHEAD));
    const hue = hueOf(lane, text);
    paths.set(hue, `${paths.get(hue) ?? ""}M${from},${box.top}H${to}V${box.floor}H${from}Z`);
    if (index) begins += `M${from},${box.top}V${box.floor}`;
    const seen = Math.max(from, box.left);
    const fits = Math.min(to, box.right) - seen >= widthOf(text) + 10;
    if (to > box.left) said.set(text, fits || said.get(text));
    if (fits) svg("text", { x: seen + 5, y: (box.top + box.floor) / 2 + 4 }, from < box.left ? still : moved, text);
  });
  drawn.unsaid = [...said.keys()].filter((text) => !said.get(text)).slice(0, KEYS);
  for (const [hue, d] of paths) moved.prepend(svg("path", { class: "state", d, style: `--hue: ${hue}` }));
  moved.append(svg("path", { class: "begins", d: begins }));
}
