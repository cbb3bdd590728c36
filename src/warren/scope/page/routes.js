// -------------------------------------------------------------------------------------------------------------- routes
// Where edges run, and where their words stand.

const PORT = 17; // pixels between two edges at a queue, room for a line of words

/** Spread these edges' ends over one side of a node, in the order of what they lead to. */
function ports(node, edges, other, end, spacing) {
  const sorted = [...edges].sort((one, two) => middle(one[other]) - middle(two[other]));
  const room = Math.min(spacing, (node.height - 8) / Math.max(1, sorted.length));
  sorted.forEach((edge, index) => {
    edge[end] = middle(node) + (index - (sorted.length - 1) / 2) * room;
  });
}

function route(edges, at) {
  const by = (test) => {
    const groups = new Map();
    for (const edge of edges) {
      const node = test(edge);
      if (node) groups.set(node, [...(groups.get(node) ?? []), edge]);
    }
    return groups;
  };
  const within = (edge) => edge.from.kind === edge.to.kind;
  for (const [node, some] of by((edge) => edge.from.kind !== "queue" && !within(edge) && edge.from))
    ports(node, some, "to", "y1", 9);
  for (const [node, some] of by((edge) => edge.kind === "consume" && edge.from)) ports(node, some, "to", "y1", 9);
  for (const [node, some] of by((edge) => edge.kind === "publish" && edge.to)) ports(node, some, "from", "y2", 9);
  for (const [node, some] of by((edge) => edge.kind === "consume" && edge.to)) ports(node, some, "from", "y2", 9);
  for (const [node, some] of by((edge) => edge.kind === "dead" && edge.to.kind === "exchange" && edge.to)) {
    ports(node, some, "from", "y2", 9);
    for (const edge of some) edge.y2 += middle(edge.from) < middle(node) ? -node.height / 4 : node.height / 4;
  }
  leftOfQueues(edges);
  const words = Math.min(
    at.gap2.width * (at.narrow ? 0.86 : 0.8),
    Math.max(0, ...edges.map((edge) => (edge.port ? widthOf(edge.label) + 10 : 0))),
  );
  for (const edge of edges) trace(edge, words, edges, at.gap1.width);
}

/** At the left side of a queue all edges with words: bindings that come, dead letters that leave or arrive. */
function leftOfQueues(edges) {
  const sides = new Map();
  const add = (queue, edge, end, far) => sides.set(queue, [...(sides.get(queue) ?? []), { edge, end, far }]);
  for (const edge of edges) {
    if (edge.to.kind === "queue") add(edge.to, edge, "y2", middle(edge.from));
    if (edge.kind === "dead") add(edge.from, edge, "y1", middle(edge.to));
    edge.port = edge.to.kind === "queue" || edge.kind === "dead";
  }
  for (const [queue, some] of sides) {
    some.sort((one, two) => (one.edge.kind === "dead") - (two.edge.kind === "dead") || one.far - two.far);
    some.forEach(({ edge, end }, index) => {
      edge[end] = middle(queue) + (index - (some.length - 1) / 2) * PORT;
    });
  }
}

/** The path of an edge, always of the same commands so that it can move calmly, and where its words go. */
function trace(edge, words, edges, margin) {
  const { from, to } = edge;
  if (from.kind === to.kind) return from.kind === "queue" ? aside(edge, words) : between(edge, edges, margin);
  const back = edge.kind === "dead";
  const [x1, x2] = back ? [from.x, to.x + to.width] : [from.x + from.width, to.x];
  const [start, end] = back ? [x1 - words, x2] : [x1, to.kind === "queue" ? x2 - words : x2];
  const bend = (end - start) / 2;
  edge.path = path(
    [x1, edge.y1],
    [start, edge.y1],
    [start + bend, edge.y1],
    [end - bend, edge.y2],
    [end, edge.y2],
    [x2, edge.y2],
  );
  const x = back ? x1 : x2;
  if (edge.port) edge.words = { x: x - 7, y: (back ? edge.y1 : edge.y2) - 5, anchor: "end", room: words - 8 };
}

/** From queue to queue, on the left of both. */
function aside(edge, words) {
  const { from, to } = edge;
  const x = from.x - words;
  edge.path = path(
    [from.x, edge.y1],
    [x, edge.y1],
    [x - 26, edge.y1],
    [x - 26, edge.y2],
    [x, edge.y2],
    [to.x, edge.y2],
  );
  edge.words = { x: from.x - 7, y: edge.y1 - 5, anchor: "end", room: words - 8 };
}

/** From exchange to exchange: straight down to the next one, or on the left around those between. */
function between(edge, edges, margin) {
  const { from, to } = edge;
  const twins = edges.filter((other) => other.from === from && other.to === to);
  if (edge.next) {
    const x = from.x + from.width * (0.15 + (0.6 * twins.indexOf(edge)) / twins.length);
    const [y1, y2] = [from.y + from.height, to.y];
    const centre = (y1 + y2) / 2;
    edge.path = path([x, y1], [x, y1], [x, centre], [x, centre], [x, y2 - 9], [x, y2]); // its end gives the arrow a way
    edge.words = { x: x + 7, y: centre + 4, anchor: "start", room: from.x + from.width - x };
    return;
  }
  const [y1, y2] = [middle(from) + 8, middle(to) - 8 + 5 * twins.indexOf(edge)];
  const x = from.x - Math.min(margin * 0.9, 28 + Math.abs(y2 - y1) / 40);
  edge.path = path([from.x, y1], [from.x, y1], [x, y1], [x, y2], [to.x, y2], [to.x, y2]);
  edge.words = { x: from.x - 12, y: y2 - 6, anchor: "end", room: margin - 14 };
}

function path(...points) {
  const [a, b, c, d, e, f] = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
  return `M${a}L${b}C${c} ${d} ${e}L${f}`;
}
