// ------------------------------------------------------------------------------------------------------------ graph
// What leads where, of what is shown, out of the topology the kernel sent.

/** The sum, or null where a part is not known. */
const sum = (values) => values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);
/** Messages a second; null where the broker does not tell it. */
const rateOf = (store, key) => (store.state === "stopped" ? 0 : store.flows[key] === undefined ? 0 : store.flows[key]);
const nameOf = (exchange) => exchange || "(default)";

/** Nodes by id, lists of each kind, edges: { id, kind, from, to, label, rate }. */
function graphOf(store, look) {
  const topology = store.topology ?? { exchanges: [], bindings: [], dead: [], consumers: [], publishers: [] };
  const graph = { nodes: new Map(), edges: [], publishers: [], exchanges: [], queues: [], consumers: [] };
  const add = (list, node) => {
    graph.nodes.set(node.id, node);
    graph[list].push(node);
    return node;
  };
  const shown = look.queues(store);
  for (const { name } of shown) add("queues", { id: `queue:${name}`, kind: "queue", name, ports: 0 });
  for (const exchange of reached(topology, new Set(shown.map((queue) => queue.name)))) {
    add("exchanges", { id: `exchange:${exchange.name}`, kind: "exchange", ...exchange });
  }
  joinBindings(graph, store, topology);
  joinDead(graph, store, topology);
  joinPeople(graph, store, topology, add);
  for (const edge of graph.edges) {
    if (edge.kind === "dead") edge.from.ports += 1;
    if (edge.to.kind === "queue") edge.to.ports += 1;
  }
  for (const queue of graph.queues) {
    const sources = graph.edges.filter((edge) => edge.to === queue);
    queue.fed = sources.length > 0 && sources.every((edge) => edge.kind === "dead" || edge.from.dead);
  }
  return graph;
}

/** The exchanges that lead to what is shown, or come from it, or are published to; also those that are missing. */
function reached({ exchanges, bindings, dead, publishers }, queues) {
  const there = new Map(exchanges.map((exchange) => [exchange.name, exchange]));
  const wanted = new Set();
  for (const binding of bindings)
    if (binding.to === "queue" && queues.has(binding.destination)) wanted.add(binding.source);
  for (const { queue, exchange } of dead) if (queues.has(queue) && (exchange || there.has(""))) wanted.add(exchange);
  for (const { exchange } of publishers) if (exchange !== null) wanted.add(exchange);
  for (let size = -1; size !== wanted.size;) {
    size = wanted.size;
    for (const binding of bindings) {
      if (binding.to === "exchange" && (wanted.has(binding.destination) || wanted.has(binding.source))) {
        wanted.add(binding.source).add(binding.destination);
      }
    }
    for (const { name, alternate } of exchanges) if (alternate && wanted.has(name)) wanted.add(alternate);
    for (const { name, alternate } of exchanges) if (alternate && wanted.has(alternate)) wanted.add(name);
  }
  const missing = [...wanted].filter((name) => !there.has(name));
  const all = [
    ...exchanges.filter(({ name }) => wanted.has(name)),
    ...missing.map((name) => ({ name, type: name ? "missing" : "direct" })),
  ];
  const deadly = new Set(dead.map(({ exchange }) => exchange).filter(Boolean));
  const later = ({ name }) => deadly.has(name) && !publishers.some(({ exchange }) => exchange === name);
  return [...all.filter((exchange) => !later(exchange)), ...all.filter(later)].map((exchange) => ({
    ...exchange,
    dead: deadly.has(exchange.name),
  }));
}

/** One edge for all bindings of a pair, with their keys; alternate exchanges apart. */
function joinBindings(graph, store, { bindings }) {
  const pairs = new Map();
  for (const binding of bindings) {
    const from = graph.nodes.get(`exchange:${binding.source}`);
    const to = graph.nodes.get(`${binding.to}:${binding.destination}`);
    if (!from || !to) continue;
    const id = `binding:${binding.source}|${binding.destination}|${binding.to}`;
    const edge = pairs.get(id) ?? { id, kind: "binding", from, to, keys: [], rate: 0 };
    edge.keys.push(keyOf(binding, from));
    // what is measured is measured per pair, so it must not be counted twice
    const rate = rateOf(store, `${id}|${binding.key}`);
    edge.rate = rate === null || edge.rate === null ? null : Math.max(edge.rate, rate);
    pairs.set(id, edge);
  }
  for (const edge of pairs.values()) {
    edge.keys = edge.keys.filter(Boolean);
    edge.label = edge.keys.join(", ");
    graph.edges.push(edge);
  }
  for (const from of graph.exchanges) {
    const to = from.alternate ? graph.nodes.get(`exchange:${from.alternate}`) : null;
    if (to)
      graph.edges.push({
        id: `alternate:${from.name}`,
        kind: "alternate",
        from,
        to,
        label: "unroutable",
        rate: rateOf(store, `alternate:${from.name}`),
      });
  }
}

/** A binding's key as words: a fanout takes no notice of it, a headers exchange looks at the arguments instead. */
function keyOf({ key, arguments: headers, source }, { type }) {
  if (type === "fanout" || source === "") return "";
  if (type !== "headers") return key || "(empty key)";
  const match = headers?.["x-match"] ?? "all";
  const wanted = Object.entries(headers ?? {})
    .filter(([name]) => name !== "x-match")
    .map(([name, value]) => `${name}=${value}`);
  return `${match}: ${wanted.join(" ")}`;
}

/** From a queue to the exchange its dead letters go to; over the default exchange straight to the queue of that key. */
function joinDead(graph, store, { dead }) {
  for (const { queue, exchange, key } of dead) {
    const from = graph.nodes.get(`queue:${queue}`);
    const to =
      exchange === ""
        ? (graph.nodes.get(`queue:${key ?? queue}`) ?? graph.nodes.get("exchange:"))
        : graph.nodes.get(`exchange:${exchange}`);
    if (!from || !to) continue;
    const rate = rateOf(store, `dead:${queue}`);
    const { dead: count } = store.heads[queue] ?? {};
    const short = `${count ? `${number(count)} ` : ""}dead letters`;
    const label = key && to.kind === "exchange" ? `${short} as ${key}` : short;
    graph.edges.push({ id: `dead:${queue}`, kind: "dead", from, to, label, short, rate });
  }
}

/** Publishers and consumers; of a large crew the rest as one. */
function joinPeople(graph, store, { publishers, consumers }, add) {
  for (const { id, name, exchange, gone, blocked } of publishers) {
    const to = graph.nodes.get(`exchange:${exchange}`);
    const rate = rateOf(store, `publisher:${id}`);
    const from = add("publishers", {
      id: `publisher:${id}`,
      kind: "publisher",
      name,
      gone,
      to: to?.id,
      rate,
      blocked: blocked || store.blocked.includes(name),
    });
    if (to) graph.edges.push({ id: from.id, kind: "publish", from, to, label: "", rate, gone });
  }
  for (const exchange of graph.exchanges) {
    exchange.rate = rateOf(store, `exchange:${exchange.name}`);
    exchange.from = graph.publishers.filter(({ to }) => to === exchange.id).map(({ name }) => name);
  }
  const most = graph.queues.length > 2 * DENSE ? 2 : graph.queues.length > DENSE ? 4 : CREW;
  for (const from of graph.queues) {
    const here = consumers.filter((consumer) => consumer.queue === from.name);
    here.sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
    const crew = here.map((consumer) => {
      const { rate = 0, unacked = 0 } = store.flows[`consumer:${consumer.id}`] ?? {}; // null: not known apart
      return { ...consumer, id: `consumer:${consumer.id}`, kind: "consumer", rate, unacked };
    });
    const rest = crew.length > most ? crew.splice(most - 1) : [];
    if (rest.length) crew.push(together(rest, from));
    for (const consumer of crew) {
      add("consumers", consumer);
      const rate = consumer.gone || store.state === "stopped" ? 0 : consumer.rate;
      graph.edges.push({ id: consumer.id, kind: "consume", from, to: consumer, label: "", rate, gone: consumer.gone });
    }
  }
}

function together(rest, queue) {
  const prefetch = rest.every((consumer) => consumer.prefetch) ? sum(rest.map((consumer) => consumer.prefetch)) : 0;
  const counts = {
    rate: sum(rest.map(({ rate }) => rate)),
    unacked: sum(rest.map(({ unacked }) => unacked)),
    prefetch,
  };
  const acks = rest.some((consumer) => consumer.acks !== false);
  return {
    acks,
    id: `consumer:more:${queue.name}`,
    kind: "consumer",
    name: `${rest.length} more`,
    queue: queue.name,
    active: true,
    gone: null,
    ...counts,
  };
}

/** The whole graph for a screen reader. */
function inWords(graph) {
  const said = (edge) => {
    const speed = edge.rate === null ? ", rate not known" : edge.rate ? `, ${perSecond(edge.rate)}` : "";
    const [from, to] = [edge.from, edge.to].map((node) => `${node.kind} ${nameOf(node.name)}`);
    const verb = {
      publish: "publishes to",
      binding: "leads to",
      alternate: "passes what it cannot route to",
      dead: "sends dead letters to",
      consume: "delivers to",
    }[edge.kind];
    const keys = edge.kind === "binding" && edge.label ? ` by ${edge.label}` : "";
    return `${from} ${verb} ${to}${keys}${speed}`;
  };
  return graph.edges.length ? `${graph.edges.map(said).join("; ")}.` : "Nothing leads anywhere yet.";
}
