// -------------------------------------------------------------------------------------------------------- the chart
// One queue over time: what it held, stacked; its consumers as steps in a lane of their own; marks; a cursor.

const MARGIN = { left: 40, right: 6, top: 6, bottom: 18 };
const HEADROOM = 1.05; // above the highest point
const LANE = 14; // pixels below the depth, for the consumers
const ROW = 14; // pixels between two rows of mark labels
const ROWS = 5; // of them at most; of labels that find no room the oldest are left out
const LAYERS = [
  ["unacked", 2],
  ["ready", 1],
  ["delayed", 3],
]; // from the bottom up: name, place in a reading
const NICE = [4, 8, 12, 16, 20, 40, 60, 80]; // whole numbers, also at each quarter

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
  const count = svg("text", { class: "consumers", "text-anchor": "end" }, words);
  const marks = new Map();
  const cursor = svg("line", { class: "cursor", visibility: "hidden" }, root);
  const size = { width: 0, height: 0, seen: true };
  new ResizeObserver(([entry]) => {
    size.width = entry.contentRect.width;
    size.height = entry.contentRect.height;
  }).observe(root);
  new IntersectionObserver((entries) => (size.seen = latest(entries).isIntersecting)).observe(root);
  let gridded = "";
  let rows = 0; // of mark labels, above everything else

  return {
    element: root,
    /** Draw, and tell where things are; null where there is no room or nobody looks. */
    draw(store, queue, time, place) {
      const width = size.width || root.clientWidth;
      const height = size.height || root.clientHeight;
      if (!width || !height || !size.seen) return null;
      const points = stretch(queue.readings, time, width);
      queue.top = ceiling(points, queue.top);
      const box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top + rows * ROW };
      box.floor = height - (place.timed ? MARGIN.bottom : 3);
      box.bottom = box.floor - LANE - 5;
      const x = (t) => box.right - ((time.to - t) / time.span) * (box.right - box.left);
      const y = (value) => box.bottom - (value / queue.top) * (box.bottom - box.top);
      const key = [
        width,
        height,
        queue.top,
        time.span < 61 ? time.span : time.to - (time.to % 5),
        place.timed,
        rows,
      ].join();
      if (key !== gridded) {
        gridded = key;
        setAll(frame, { x: box.left, y: 0, width: Math.max(0, box.right - box.left), height });
        drawGrid(grid, box, queue.top, y);
        if (place.timed) drawTimes(grid, box, time);
      }
      drawLayers(areas, edge, points, x, y);
      gaps.setAttribute("d", gapPath(queue, points, time.to, x, box));
      drawConsumers(crew, steps, count, points, x, box);
      const needed = drawMarks(words, marks, store, time, x, box, place.first);
      if (needed !== rows) root.style.setProperty("--labels", `${needed * ROW}px`); // the next drawing has the room
      rows = needed;
      return { box, x };
    },
    /** A line at that moment; none without one. */
    point(at, box) {
      set(cursor, "visibility", at === null ? "hidden" : "visible");
      if (at !== null) setAll(cursor, { x1: at.toFixed(1), x2: at.toFixed(1), y1: box.top, y2: box.floor });
    },
  };
}

/** The readings of that time as corners of a line: each holds until shortly before the next. */
function stretch(readings, time, width) {
  const until = placeAt(readings, time.to + 1);
  const points = [];
  for (let index = Math.max(0, placeAt(readings, time.from - 1)); index <= until; index += 1) {
    const entry = readings[index];
    const before = latest(points);
    if (entry[0] < time.since && readings[index + 1]?.[0] <= time.since) continue;
    if (before && entry[0] - before[0] > 1.6 * PERIOD) points.push([entry[0] - PERIOD, ...before.slice(1)]);
    points.push(entry[0] < time.since ? [time.since, ...entry.slice(1)] : entry);
  }
  const last = latest(points);
  if (last && time.to > last[0]) points.push([time.to, ...last.slice(1)]);
  return points.length > width ? highest(points, time.span / width) : points;
}

/** At most three points a pixel: its first, highest and last, so that no peak and no gap is lost. */
function highest(points, wide) {
  const kept = [];
  for (let index = 0; index < points.length;) {
    const from = index;
    const pixel = Math.floor(points[from][0] / wide);
    let top = from;
    for (; index < points.length && Math.floor(points[index][0] / wide) === pixel; index += 1) {
      if (points[index][1] === null || height(points[index]) > height(points[top])) top = index;
    }
    for (const place of new Set([from, top, index - 1])) kept.push(points[place]);
  }
  return kept;
}

/** The top of the scale: a round number over all there is; it grows at once and shrinks only when it is far too high. */
function ceiling(points, top) {
  let most = 0;
  for (const point of points) most = Math.max(most, height(point));
  if (most * HEADROOM <= top && most > 0.35 * top) return top;
  for (let factor = 1; ; factor *= 10) {
    const round = NICE.find((step) => step * factor >= most * HEADROOM);
    if (round) return round * factor;
  }
}

function drawGrid(grid, box, top, y) {
  grid.replaceChildren();
  const lines = box.bottom - box.top > 90 ? [0, 0.25, 0.5, 0.75, 1] : box.bottom - box.top > 34 ? [0, 0.5, 1] : [0, 1];
  for (const share of lines) {
    const value = top * share;
    const at = Math.round(y(value)) + 0.5;
    svg("line", { x1: box.left, x2: box.right, y1: at, y2: at, class: share ? "" : "base" }, grid);
    if (Number.isInteger(value)) {
      svg("text", { x: box.left - 7, y: at + 3.5, "text-anchor": "end" }, grid, number(value));
    }
  }
}

function drawTimes(grid, box, { to, span }) {
  const whole = !SPANS.includes(span);
  const wide = box.right - box.left;
  const steps = wide > 320 ? (span === 60 || whole ? 4 : 3) : wide > 150 ? 2 : 1;
  for (let step = 0; step <= steps; step += 1) {
    const anchor = step === 0 ? "start" : step < steps ? "middle" : "end";
    const x = box.left + (step / steps) * (box.right - box.left);
    const ago = (span * (steps - step)) / steps;
    const words = step === steps ? "now" : whole ? moment(to - ago, false) : `−${ago} s`;
    svg("text", { x, y: box.floor + 14, "text-anchor": anchor }, grid, words);
  }
}

function drawLayers(areas, edge, points, x, y) {
  const runs = split(points).map((run) => ({
    run,
    floor: run.map(() => 0),
    at: run.map((point) => x(point[0]).toFixed(1)),
  }));
  let line = "";
  LAYERS.forEach(([, place], layer) => {
    let path = "";
    if (place !== 1 && !points.some((point) => point[place])) {
      set(areas[layer], "d", ""); // a queue without delayed messages costs nothing
      return;
    }
    line = "";
    for (const { run, floor, at } of runs) {
      const low = floor.map((value, index) => `${at[index]},${y(value).toFixed(1)}`);
      run.forEach((point, index) => (floor[index] += point[place] ?? 0));
      const high = floor.map((value, index) => `${at[index]},${y(value).toFixed(1)}`);
      path += `M${high.join("L")}L${low.reverse().join("L")}Z`;
      line += `M${high.join("L")}`;
    }
    areas[layer].setAttribute("d", path);
  });
  edge.setAttribute("d", line);
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
  let most = 2;
  for (const point of points) most = Math.max(most, point[4] ?? 0);
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
  const count = latest(points)?.[4] ?? null;
  say(words, count === null ? "" : number(count));
  setAll(words, { x: box.left - 7, y: box.floor - 2 });
}

/** What happened, as dashed lines with labels in as many rows as it takes for none to cover another. Returns the rows. */
function drawMarks(words, groups, store, time, x, box, labelled) {
  const taken = []; // [row, from, to] in pixels
  const there = store.marks.filter(([t]) => t >= time.since && t <= time.to + 1 && x(t) >= box.left);
  for (const [t, group] of groups) {
    if (there.some((mark) => mark[0] === t)) continue;
    group.remove();
    groups.delete(t);
  }
  for (const [t, label, by] of there.reverse()) {
    if (!groups.has(t)) groups.set(t, svg("g", { class: `mark ${by}` }, words));
    const group = groups.get(t);
    if (!group.firstChild) svg("line", {}, group);
    group.setAttribute("transform", `translate(${x(t).toFixed(1)},0)`);
    setAll(group.firstChild, { y1: MARGIN.top, y2: box.floor });
    const place = labelled ? roomFor(label, x(t), box, taken) : null;
    if (place && !group.lastChild.textContent) svg("text", {}, group, label);
    if (place) setAll(group.lastChild, place);
    else if (group.childElementCount > 1) group.lastChild.remove();
  }
  return Math.max(0, ...taken.map(([row]) => row + 1));
}

/** Where beside its line at that x a label covers no other; null where there is no such place. */
function roomFor(label, at, box, taken) {
  const width = widthOf(label) + 8;
  const left = at + width > box.right;
  const [from, to] = left ? [at - width, at] : [at, at + width];
  const free = (row) => !taken.some(([other, start, end]) => other === row && from < end && to > start);
  const row = [...Array(ROWS).keys()].find(free);
  if (row === undefined) return null;
  taken.push([row, from, to]);
  return { x: left ? -4 : 4, y: MARGIN.top + 9 + row * ROW, "text-anchor": left ? "end" : "start" };
}
