// -------------------------------------------------------------------------------------------------------- marks
// What happened, in a chart: by the learner or seen at the broker.

const ROW = 14; // pixels between two rows of mark labels
const ROWS = 5; // of them at most; of labels that find no room the oldest are left out

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
    setAll(group.firstChild, { y1: Math.min(MARGIN.top, box.top), y2: box.floor });
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
