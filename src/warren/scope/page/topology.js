// --------------------------------------------------------------------------------------------------------- topology
// Publishers, exchanges, queues and consumers as nodes, what leads where as edges on which dots move as messages do.

const LEAVE = 400; // milliseconds in which what is gone fades
const SHRINK = 3000; // milliseconds until the picture gives back height it no longer needs

function topologyView(look) {
  const edges = svg("svg", { class: "edges", "aria-hidden": "true" });
  const arrows = `arrow${Math.random().toString(36).slice(2)}`;
  const heads = svg("defs", {}, edges);
  for (const kind of ["plain", "dead"]) arrowHead(heads, `${arrows}-${kind}`, kind);
  const headings = ["publishers", "exchanges", "queues", "consumers"].map((name) =>
    element("span", { class: "heading", "aria-hidden": "true" }, name),
  );
  const words = element("p", { class: "spoken" });
  const hint = element("p", { class: "hint" });
  const plane = element("div", { class: "plane" }, edges, ...headings);
  const whole = element("section", { class: "topology", "aria-label": "topology" }, words, hint, plane);
  const nodes = new Pool(plane, makeNode);
  const lines = new Pool(edges, (edge) => makeEdge(edge, arrows));
  const flow = new Flow();
  const room = { height: 0, needed: 0, since: 0 };
  let graph = null;
  let drawn = "";

  return {
    element: whole,
    flow,
    draw(store) {
      say(hint, store.topology ? "" : explain(store));
      hint.hidden = Boolean(store.topology);
      plane.hidden = !store.topology;
      if (!store.topology || !look.width) return;
      const news = [store.turn, store.state, look.width, look.queues(store).map((queue) => queue.name)].join("\n");
      if (news === drawn) {
        keepRoom(plane, room, room.needed);
        refresh(store, graph, nodes);
        return;
      }
      drawn = news;
      graph = graphOf(store, look);
      const { at, height } = layOut(graph, look.width);
      keepRoom(plane, room, height);
      setAll(edges, { width: look.width, height: room.height });
      nameColumns(headings, graph, at);
      nodes.draw(
        [...graph.nodes.values()].filter((node) => !node.hidden),
        (view, node) => drawNode(view, node, store),
      );
      lines.draw(
        graph.edges.filter((edge) => !edge.hidden),
        (view, edge) => drawEdge(view, edge),
      );
      flow.follow(graph.edges, lines);
      say(words, inWords(graph));
    },
  };
}

function nameColumns(headings, graph, at) {
  const slots = at.consumer.width > 140 && graph.consumers.some(({ prefetch, acks }) => prefetch && acks !== false);
  say(latest(headings), slots ? "consumers and prefetch" : "consumers");
  ["publisher", "exchange", "queue", "consumer"].forEach((kind, index) => {
    headings[index].hidden = !at[kind].width || !graph[`${kind}s`].length;
    headings[index].style.cssText = `left:${at[kind].x}px;width:${at[kind].width}px`;
  });
}

/** Only the numbers that change without anything else: of queues, and how long somebody is gone. */
function refresh(store, graph, nodes) {
  for (const node of graph.queues) drawQueue(nodes.views.get(node.id), node, store);
  for (const node of graph.consumers) if (node.gone) drawConsumer(nodes.views.get(node.id), node, store);
}

function explain(store) {
  if (store.unseen) return `Exchanges, bindings and consumers are known from the HTTP API alone: ${store.unseen}.`;
  if (store.state === "alone")
    return `Exchanges, bindings and consumers are known from the HTTP API alone, and ${store.why}.`;
  return "Exchanges, bindings and consumers appear as soon as the broker's HTTP API has told them.";
}

/** Grow at once, shrink a while later: what comes and goes does not make the notebook jump. */
function keepRoom(plane, room, height) {
  room.needed = height;
  if (height >= room.height) room.since = performance.now();
  if (height > room.height || performance.now() - room.since > SHRINK) room.height = height;
  if (plane.style.height !== `${room.height}px`) plane.style.height = `${room.height}px`;
}

/** Keeps one view per id; the new fade in, what is gone fades out and is removed. */
class Pool {
  constructor(parent, make) {
    Object.assign(this, { parent, make, views: new Map() });
  }

  draw(things, update) {
    const wanted = new Set(things.map((thing) => thing.id));
    for (const [id, view] of this.views) {
      if (wanted.has(id)) continue;
      this.views.delete(id);
      view.root.classList.add("leaving");
      setTimeout(() => view.root.remove(), LEAVE);
    }
    for (const thing of things) {
      if (!this.views.has(thing.id)) {
        this.views.set(thing.id, this.make(thing));
        this.parent.append(this.views.get(thing.id).root);
      }
      update(this.views.get(thing.id), thing);
    }
  }
}
