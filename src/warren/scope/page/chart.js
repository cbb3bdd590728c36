// -------------------------------------------------------------------------------------------------------- the chart
// One queue over time: what it held, stacked; its consumers as steps in a lane of their own; marks; a cursor.

const MARGIN = { left: 40, right: 6, top: 6, bottom: 3 };
const AXIS = 15; // pixels more where the chart has the times below it
const LANE = 16; // pixels below the depth, for the consumers
const AHEAD = 2; // seconds that are drawn beyond the right edge, to be moved into sight while nothing changes
const LAYERS = [
  ["unacked", 2],
  ["ready", 1],
  ["delayed", 3],
]; // from the bottom up: name, place in a reading

function depthChart(eyes, redraw) {
  const { root, grid, moved, words, cursor, clip } = paper();
  const shapes = Object.fromEntries(
    ["gap", ...LAYERS.map(([name]) => `area ${name}`), "edge", "crew", "steps"].map((name) => [
      name,
      svg("path", { class: name }, moved),
    ]),
  );
  const count = svg("text", { class: "consumers", "text-anchor": "end" }, words);
  const marks = new Map();
  const size = eyes.watch(root, redraw);
  const drawn = { grid: "", shapes: "", to: 0, top: 4, rows: 0 }; // rows of mark labels, above everything else

  return {
    element: root,
    forget: () => eyes.forget(root),
    /** Draw, and tell where things are; null where there is no room or nobody looks. */
    draw(store, queue, time, place) {
      const { width, height } = size;
      if (!width || !height || !size.seen) return null;
      const box = boxOf(width, height, drawn.rows, place.timed);
      const x = (t) => box.right - ((time.to - t) / time.span) * (box.right - box.left);
      const sized = [width, height, drawn.rows, place.timed, time.span, time.since].join();
      const news = [sized, queue.readings.length, latest(queue.readings)?.[0]].join();
      if (news !== drawn.shapes || time.to > drawn.to + AHEAD || time.to < drawn.to) {
        Object.assign(drawn, { shapes: news, to: time.to });
        drawn.top = drawShapes({ ...shapes, count }, queue, time, drawn.top, box, x);
      }
      set(moved, "transform", `translate(${tenth(x(drawn.to) - box.right)},0)`);
      const scaled = [sized, drawn.top, SPANS.includes(time.span) ? "" : Math.floor(time.to / 5)].join();
      if (scaled !== drawn.grid) {
        drawn.grid = scaled;
        clip(box, height);
        drawGrid(grid, box, drawn.top);
        if (place.timed) drawTimes(grid, box, time);
      }
      const needed = drawMarks(words, marks, store, time, x, box, place.first);
      if (needed !== drawn.rows) root.style.setProperty("--labels", `${needed * ROW}px`); // the next drawing has room
      drawn.rows = needed;
      return { box, x };
    },
    point: cursor,
  };
}

/** What a chart is drawn on: a grid, what moves with time and is seen only within the frame, words, the cursor's line. */
function paper() {
  const root = svg("svg", { class: "chart", "aria-hidden": "true" });
  const grid = svg("g", { class: "grid" }, root);
  const id = `clip${Math.random().toString(36).slice(2)}`;
  const frame = svg("rect", {}, svg("clipPath", { id }, root));
  const moved = svg("g", {}, svg("g", { "clip-path": `url(#${id})` }, root));
  const words = svg("g", { class: "words" }, root);
  const line = svg("line", { class: "cursor", visibility: "hidden" }, root);
  const clip = (box, height) =>
    setAll(frame, { x: box.left, y: 0, width: Math.max(0, box.right - box.left), height });
  /** A line at that place; none without one. */
  const cursor = (at, box) => {
    set(line, "visibility", at === null ? "hidden" : "visible");
    if (at !== null) setAll(line, { x1: tenth(at), x2: tenth(at), y1: box.top, y2: box.floor });
  };
  return { root, grid, moved, words, cursor, clip };
}

const tenth = (value) => Math.round(value * 10) / 10;

function boxOf(width, height, rows, timed) {
  const floor = height - MARGIN.bottom - (timed ? AXIS : 0);
  return {
    left: MARGIN.left,
    right: width - MARGIN.right,
    top: MARGIN.top + rows * ROW,
    floor, // of the consumers' lane
    bottom: floor - LANE - 7, // of the depth
  };
}

const heightAt = (value, top, box) => box.bottom - (value / top) * (box.bottom - box.top);

/** Everything that moves with time, a little more than fits. Returns the top of the scale, at best the one before. */
function drawShapes(shapes, queue, time, before, box, x) {
  const points = stretch(queue.readings, time, box.right - box.left, AHEAD);
  const top = ceiling(points, before);
  const runs = split(points);
  drawLayers(shapes, runs, x, (value) => heightAt(value, top, box));
  set(shapes.gap, "d", gapPath(queue, points, time.to + AHEAD, x, box));
  drawLane(shapes, points, runs, x, box);
  return top;
}

function drawGrid(grid, box, top) {
  grid.replaceChildren();
  const lines = box.bottom - box.top > 90 ? [0, 0.25, 0.5, 0.75, 1] : box.bottom - box.top > 34 ? [0, 0.5, 1] : [0, 1];
  for (const share of lines) {
    const value = top * share;
    const at = Math.round(heightAt(value, top, box)) + 0.5;
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

/** Areas on top of each other, and a line along the uppermost. */
function drawLayers(shapes, runs, x, y) {
  const paths = LAYERS.map(() => "");
  let line = "";
  for (const run of runs) {
    const at = run.map((point) => tenth(x(point[0])));
    let total = run.map(() => 0);
    let low = at.map((left) => `${left},${tenth(y(0))}`);
    LAYERS.forEach(([, place], layer) => {
      if (!run.some((point) => point[place])) return; // a queue without delayed messages costs nothing
      total = total.map((value, index) => value + (run[index][place] ?? 0));
      const high = total.map((value, index) => `${at[index]},${tenth(y(value))}`);
      paths[layer] += `M${high.join("L")}L${low.reverse().join("L")}Z`;
      low = high;
    });
    line += `M${low.join("L")}`;
  }
  LAYERS.forEach(([name], layer) => set(shapes[`area ${name}`], "d", paths[layer]));
  set(shapes.edge, "d", line);
}

/** Where it was known to exist before and was not to be seen: broker down, queue gone. */
function gapPath(queue, points, until, x, box) {
  let path = "";
  let seen = queue.readings.length > 0 && points.length > 0 && queue.readings[0] !== points[0];
  points.forEach((point, index) => {
    seen ||= point[1] !== null;
    const end = points[index + 1]?.[0] ?? until;
    if (seen && point[1] === null && end > point[0]) {
      path += `M${tenth(x(point[0]))},${box.top}V${box.floor}H${tenth(x(end))}V${box.top}Z`;
    }
  });
  return path;
}

/** Consumers as steps, in a lane of their own below the messages: they are counted, not stacked. */
function drawLane(shapes, points, runs, x, box) {
  let most = 1;
  for (const point of points) most = Math.max(most, point[4] ?? 0);
  let line = "";
  let area = "";
  for (const run of runs) {
    let steps = "";
    let before = null;
    for (const point of run) {
      const level = tenth(box.floor - ((point[4] ?? 0) / most) * LANE);
      if (before === null) steps = `${level}`;
      else if (level !== before) steps += `H${tenth(x(point[0]))}V${level}`;
      before = level;
    }
    const [from, to] = [tenth(x(run[0][0])), tenth(x(latest(run)[0]))];
    line += `M${from},${steps}H${to}`;
    area += `M${from},${box.floor}V${steps}H${to}V${box.floor}Z`;
  }
  set(shapes.crew, "d", area);
  set(shapes.steps, "d", line);
  const crew = latest(points)?.[4] ?? null;
  const share = crew / most;
  const short = box.bottom - box.top < 40;
  say(shapes.count, crew === null ? "" : short ? number(crew) : plural(crew, "consumer"));
  setAll(shapes.count, { x: box.right - 4, y: box.floor - 3 - (share < 0.75 ? share * LANE : 0) }); // the line is free
}
