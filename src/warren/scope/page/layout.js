// ---------------------------------------------------------------------------------------------------------- layout
// Where the parts of a topology stand. Columns: publishers, exchanges, queues, consumers. A queue and its consumers
// share a row; every edge that has words reaches its queue on a straight end of its own, so words never meet a curve.

const NARROW = 640; // pixels below which publishers are told in words at their exchange
const DENSE = 6; // queues beyond which each takes one line less
const CREW = 6; // consumers of a queue that are drawn one by one; fewer where there are many queues
const HEADING = 20; // pixels for the names of the columns
const GAPS = { publisher: 10, exchange: 30, queue: 10, dense: 8, consumer: 4 };

/** The share of the width that each column and the room between columns gets. */
function columns(width, graph) {
  const narrow = width < NARROW;
  const shares = {
    publisher: narrow || !graph.publishers.length ? 0 : 0.115,
    gap1: graph.loops ? (narrow ? 0.07 : 0.09) : narrow || !graph.publishers.length ? 0 : 0.06,
    exchange: graph.exchanges.length ? (narrow ? 0.19 : 0.13) : 0,
    gap2: graph.exchanges.length || graph.loops ? (narrow ? 0.185 : 0.155) : 0,
    queue: narrow ? 0.36 : 0.28,
    gap3: graph.consumers.length ? 0.055 : 0,
    consumer: graph.consumers.length ? (narrow ? 0.2 : 0.18) : 0,
  };
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  const scale = Math.min(width / total, width * 1.25);
  const at = {};
  let x = Math.max(0, (width - total * scale) / 2);
  for (const [name, share] of Object.entries(shares)) {
    at[name] = { x: Math.round(x), width: Math.floor(share * scale) };
    x += share * scale;
  }
  return { ...at, narrow };
}

/** Give every node x, y, width, height and every edge a path and a place for its words; tell the height of it all. */
function layOut(graph, width) {
  order(graph);
  const at = columns(width, graph);
  const dense = graph.queues.length > DENSE;
  const slim = at.queue.width < 210;
  for (const node of graph.nodes.values()) {
    const column = at[node.kind];
    Object.assign(node, { x: column.x, width: column.width, dense, slim, hidden: !column.width });
    node.tight = node.kind === "consumer" && node.width < 130;
    node.short = Boolean(node.gone) && widthOf(`${node.name} ${node.gone} 10 s ago`) + 30 > node.width;
    node.people = node.kind === "exchange" && at.narrow && node.from.length > 0;
    node.height = heightOf(node, dense, slim);
  }
  const rows = stack(graph, dense);
  settle(graph.exchanges, GAPS.exchange);
  for (const node of graph.publishers) node.wish = middle(graph.nodes.get(node.to) ?? node);
  settle(graph.publishers, GAPS.publisher);
  for (const edge of graph.edges) edge.hidden = edge.from.hidden || edge.to.hidden;
  route(
    graph.edges.filter((edge) => !edge.hidden),
    at,
  );
  const bottom = Math.max(rows, ...[...graph.nodes.values()].map((node) => node.y + node.height));
  return { at, height: Math.ceil(bottom) + 6 };
}

function heightOf(node, dense, slim) {
  if (node.kind === "queue") {
    const plain = slim ? (dense ? 46 : 64) : dense ? 31 : 53;
    return Math.max(plain, node.ports * PORT + 8);
  }
  if (node.kind === "consumer") return dense ? 21 : 36;
  return 38 + (node.people ? 14 * Math.min(3, Math.ceil((1.3 * widthOf(peopleOf(node))) / (node.width - 14))) : 0);
}

const peopleOf = ({ from }) => `from ${from.join(", ")}`;
const middle = (node) => node.y + node.height / 2;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Exchanges in the order they came, those that others lead to right after them; queues beside their exchanges. */
function order(graph) {
  const placed = [];
  const place = (exchange) => {
    if (placed.includes(exchange)) return;
    placed.push(exchange);
    for (const edge of graph.edges) if (edge.from === exchange && edge.to.kind === "exchange") place(edge.to);
  };
  const led = new Set(
    graph.edges.filter((edge) => edge.to.kind === "exchange" && edge.kind !== "publish").map((edge) => edge.to),
  );
  graph.exchanges.filter((exchange) => !led.has(exchange)).forEach(place);
  graph.exchanges.forEach(place);
  graph.exchanges = placed;
  const loops = graph.edges.filter(({ from, to }) => from.kind === "exchange" && to.kind === "exchange");
  for (const edge of loops) edge.next = placed.indexOf(edge.to) === placed.indexOf(edge.from) + 1;
  graph.loops = loops.some((edge) => !edge.next);
  const rank = new Map(
    graph.queues.map((queue, index) => {
      const sources = graph.edges.filter((edge) => edge.to === queue && edge.from.kind === "exchange");
      return [
        queue,
        sources.length ? mean(sources.map((edge) => placed.indexOf(edge.from))) : placed.length + index / 1000,
      ];
    }),
  );
  graph.queues.sort((one, other) => rank.get(one) - rank.get(other));
}

/** Queues below each other, each in the middle of its consumers' row. Returns where the last row ends. */
function stack(graph, dense) {
  let y = HEADING;
  let rows = y;
  for (const queue of graph.queues) {
    const crew = graph.consumers.filter((consumer) => consumer.queue === queue.name);
    const crewed = crew.reduce((sum, consumer) => sum + consumer.height + GAPS.consumer, -GAPS.consumer);
    const row = Math.max(queue.height, crewed);
    queue.y = y + (row - queue.height) / 2;
    let next = y + (row - crewed) / 2;
    for (const consumer of crew) {
      consumer.y = next;
      next += consumer.height + GAPS.consumer;
    }
    rows = y + row;
    y = rows + (dense ? GAPS.dense : GAPS.queue);
  }
  for (const exchange of graph.exchanges) {
    const ends = graph.edges
      .filter((edge) => edge.from === exchange && edge.to.kind === "queue")
      .map((edge) => edge.to);
    const starts = graph.edges
      .filter((edge) => edge.to === exchange && edge.from.kind === "queue")
      .map((edge) => edge.from);
    const near = ends.length ? ends : starts;
    exchange.wish = near.length ? mean(near.map(middle)) : null;
  }
  return rows;
}

/** Each node as near to where it wishes its middle to be as the others allow, in their order and without overlaps. */
function settle(nodes, gap) {
  const blocks = [];
  for (const node of nodes) {
    const before = latest(blocks);
    const wish = (node.wish ?? (before ? before.y + before.size : HEADING + node.height / 2)) - node.height / 2;
    blocks.push({ nodes: [node], y: Math.max(HEADING, wish), size: node.height + gap, wishes: [wish] });
    while (blocks.length > 1 && blocks.at(-2).y + blocks.at(-2).size > blocks.at(-1).y) {
      const last = blocks.pop();
      const block = latest(blocks);
      block.wishes.push(...last.wishes.map((value) => value - block.size)); // where they wish the block to begin
      block.nodes.push(...last.nodes);
      block.size += last.size;
      block.y = Math.max(HEADING, mean(block.wishes));
    }
  }
  for (const block of blocks) {
    let { y } = block;
    for (const node of block.nodes) {
      node.y = y;
      y += node.height + gap;
    }
  }
}
