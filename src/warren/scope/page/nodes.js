// --------------------------------------------------------------------------------------------------------------- nodes
// One element each, with a queue's numbers, a consumer's slots.

const SLOTS = 20; // prefetch slots drawn one by one at most; half of it where nodes are small

const DRAWN = ["consumers", "x-dead-letter-exchange"]; // what edges say already

function makeNode({ kind, name }) {
  const title = element("b", { class: "name" });
  const side = element("span", { class: "side" });
  const about = element("div", { class: "about" });
  const top = element("div", { class: "line" }, title, side);
  const root = element("div", { class: `node ${kind}` }, top);
  const view = { root, title, side, about };
  if (kind === "queue") {
    view.gauge = gauge();
    view.gauge.counts.className = "numbers";
    root.dataset.queue = name;
    side.replaceWith(view.gauge.counts);
    root.append(view.gauge.bar, about);
  } else if (kind === "consumer") {
    view.slots = element("div", { class: "slots" });
    root.append(view.slots);
  } else {
    side.remove();
    root.append(about);
  }
  return view;
}

function drawNode(view, node, store) {
  const { root } = view;
  say(view.title, nameOf(node.name)); // a consumer's may become known later than the consumer
  root.style.transform = `translate(${Math.round(node.x)}px, ${Math.round(node.y)}px)`;
  root.style.width = `${node.width}px`;
  root.style.height = `${node.height}px`;
  root.classList.toggle("dense", node.dense);
  root.classList.toggle("slim", node.slim);
  root.classList.toggle("tight", node.tight);
  root.classList.toggle("short", node.short);
  root.classList.toggle("lost", Boolean(node.gone));
  root.classList.toggle("orderly", node.gone === "cancelled");
  if (node.kind === "queue") drawQueue(view, node, store);
  else if (node.kind === "consumer") drawConsumer(view, node, store);
  else if (node.kind === "exchange") drawExchange(view, node);
  else drawPublisher(view, node);
  const more = node.kind === "consumer" ? view.slots.dataset.words : view.about.textContent;
  set(root, "title", `${node.kind} ${nameOf(node.name)}: ${more}`);
}

function drawQueue({ root, gauge, about }, node, store) {
  const queue = store.queue(node.name);
  const state = reading(queue);
  root.classList.toggle("absent", state.ready === null);
  root.classList.toggle("deadly", node.fed === true);
  gauge.draw(store, queue, state);
  say(about, state.ready === null ? "" : describe(queue, state, DRAWN));
}

function drawPublisher({ root, about }, { gone, blocked, to, rate }) {
  root.classList.toggle("blocked", Boolean(blocked));
  say(
    about,
    gone ? "gone" : blocked ? "blocked" : !to ? "exchange not known" : rate === null ? "?/s" : perSecond(rate),
  );
}

function drawExchange({ root, about }, { name, type, rate, dead, from, people }) {
  const missing = type === "missing";
  root.classList.toggle("absent", missing);
  root.classList.toggle("deadly", Boolean(dead));
  root.classList.toggle("told", Boolean(people));
  const way = name ? type : "by name"; // what the default exchange does says more than its type
  const words = missing ? "does not exist" : [way, rate ? perSecond(rate) : ""].filter(Boolean).join(" · ");
  say(about, people ? `${words}\n${peopleOf({ from })}` : words);
}

function drawConsumer({ root, side, slots }, node, store) {
  root.classList.toggle("waiting", node.active === false && !node.gone);
  const ago = typeof node.since === "number" ? ` ${Math.max(0, Math.round(store.now() - node.since))} s ago` : "";
  say(
    side,
    node.gone
      ? `${node.gone}${node.dense && node.tight ? "" : ago}`
      : node.active === false
        ? "waits"
        : node.rate === null
          ? ""
          : perSecond(node.rate),
  );
  drawSlots(slots, node.gone ? 0 : node.unacked, node, node.dense || node.tight ? SLOTS / 2 : SLOTS);
}

/** One slot per message the consumer may hold unacked; a bar where they are too many, or where there is no limit. */
function drawSlots(slots, unacked, { prefetch, acks }, most) {
  const [words, shape] =
    acks === false
      ? ["automatic acks: what is sent counts as done", "automatic"]
      : unacked === null
        ? ["what it holds is not known apart from others on its channel", "unknown"]
        : prefetch
          ? [
              `${number(unacked)} of ${number(prefetch)} prefetch slots filled`,
              prefetch > most ? "many" : String(prefetch),
            ]
          : [`${number(unacked)} unacked, no prefetch limit`, "open"];
  slots.dataset.words = words;
  if (slots.dataset.shape !== shape) {
    slots.dataset.shape = shape;
    const single = Number(shape) > 0;
    slots.className = `slots ${single ? "single" : shape}`;
    const boxes = single
      ? Array.from({ length: prefetch }, () => element("i"))
      : [element("i"), element("span", { class: "faint" })];
    slots.replaceChildren(...boxes);
  }
  if (shape === "automatic") say(slots.lastChild, "automatic acks");
  else if (shape === "unknown") say(slots.lastChild, prefetch ? `? of ${number(prefetch)}` : "? of ∞");
  else if (shape === "many" || shape === "open") {
    const share = prefetch ? Math.min(1, unacked / prefetch) : unacked ? 1 : 0;
    slots.firstChild.style.setProperty("--share", `${(100 * share).toFixed(0)}%`);
    say(slots.lastChild, prefetch ? `${number(unacked)} of ${number(prefetch)}` : `${number(unacked)} of ∞`);
  } else {
    [...slots.children].forEach((slot, index) => slot.classList.toggle("full", index < unacked));
  }
}
