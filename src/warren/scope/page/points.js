// ------------------------------------------------------------------------------------------------------- points
// Which of the readings a chart of so many pixels draws, and up to which height.

const HEADROOM = 1.05; // above the highest point
const NICE = [4, 8, 12, 16, 20, 40, 60, 80]; // whole numbers, also at each quarter

/** The readings of that time as corners of a line: each holds until shortly before the next, the last `ahead` longer. */
function stretch(readings, time, width, ahead) {
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
  if (last && time.to + ahead > last[0]) points.push([time.to + ahead, ...last.slice(1)]);
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
