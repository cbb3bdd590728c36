// ------------------------------------------------------------------------------------------------------- the widget

const STACKED = 740; // pixels below which the message log stands below the charts, not beside them
const SPOKEN = 6; // seconds between two summaries for a screen reader

function paint(node, palette) {
  for (const [name, hue] of Object.entries(palette)) {
    for (const [use, colour] of Object.entries(hue))
      node.style.setProperty(`--${name}-${use.replace("_", "-")}`, colour);
  }
}

/** Redraw at news, and ten times a second while something in the window moves with time; never out of sight. */
function drive(node, store, look, draw, flow, model) {
  let seen = false;
  let dirty = true;
  let asked = 0;
  let silent = false;
  let drawn = 0;
  const moving = () => {
    const since = look.time(store).from - 2;
    return (
      store.state !== "stopped" &&
      (store.marks.some((mark) => mark[0] > since) ||
        [...store.lanes.values()].some((lane) => latest(lane.steps)[0] > since) ||
        look.queues(store).some((queue) => reading(queue).t > since && queue.readings.length > 1))
    );
  };
  const frame = () => {
    asked = 0;
    dirty = false;
    drawn = performance.now();
    draw();
  };
  const redraw = () => {
    dirty = true;
    if (asked || !seen || document.hidden) return;
    asked = requestAnimationFrame(frame);
  };
  const tick = () => {
    const turned = silent !== store.silent();
    silent = store.silent();
    const late = performance.now() - drawn > 900 * PERIOD; // no news has drawn it in this period
    if (dirty || turned || (late && !silent && !look.paused && moving())) redraw();
    flow.run(
      seen && !document.hidden && !silent && !look.paused && store.state !== "stopped" && flow.streams.length > 0,
    );
  };
  const news = () => {
    if (!look.paused) redraw();
  };
  const timer = setInterval(tick, 1000 * PERIOD);
  const looked = () => {
    const before = store.looking.size > 0;
    if (seen && !document.hidden) store.looking.add(node);
    else store.looking.delete(node);
    if (before !== store.looking.size > 0) model.send({ seen: !before }); // what nobody sees need not be asked for
    if (dirty) redraw();
  };
  document.addEventListener("visibilitychange", looked);
  look.eyes.watch(node, (view) => {
    look.width = view.width;
    if (view.seen !== seen) {
      seen = view.seen;
      looked();
    } else {
      redraw();
    }
  });
  store.listeners.add(news);
  const stop = () => {
    clearInterval(timer);
    cancelAnimationFrame(asked);
    look.eyes.close();
    store.listeners.delete(news);
    document.removeEventListener("visibilitychange", looked);
    seen = false;
    looked();
    flow.run(false);
  };
  return { redraw, stop };
}

function render(store, { model, el }) {
  const look = new Look([store.vhost, ...store.names].join("\n"));
  let engine = null;
  const redraw = () => engine.redraw();
  const pause = () => {
    look.paused = look.paused ? null : store.freeze();
    redraw();
  };
  const clear = () => {
    look.from = (look.paused ?? store).now();
    redraw();
  };
  const top = header(look, { pause, clear, redraw });
  const topology = topologyView(look);
  const depth = depthView(store, look, redraw);
  const log = logView(store, look, model.get("events"), redraw);
  const foot = element("p", { class: "sentence" });
  const spoken = element("p", { class: "spoken", role: "status", "aria-live": "polite" });
  const body = element("div", { class: "body" }, depth.element, log.element);
  const whole = element(
    "div",
    { class: "warren-scope", role: "group", "aria-label": "queues, live" },
    top.element,
    topology.element,
    body,
    foot,
    guide(look),
    spoken,
  );
  paint(whole, model.get("palette"));
  el.append(whole);
  let spokenAt = -Infinity;
  let speaking = 0;
  const speak = () => {
    const words = `${foot.textContent}${lanesNow(look.paused ?? store)}`;
    if (spoken.textContent === words) return;
    say(spoken, words);
    spokenAt = performance.now();
  };

  const draw = () => {
    const shown = look.paused ?? store;
    const { view } = look.chosen;
    const mapped = view !== "depth" && shown.topology !== null;
    whole.classList.toggle("stacked", look.width < STACKED);
    set(whole, "data-view", view);
    topology.element.hidden = !(view === "topology" || (view === "both" && mapped));
    depth.element.hidden = view === "topology" || view === "log";
    log.element.hidden = view === "topology" || view === "depth";
    body.hidden = view === "topology";
    top.draw(shown);
    if (!depth.element.hidden) depth.draw(shown, mapped);
    if (!topology.element.hidden) topology.draw(shown);
    else topology.flow.streams = [];
    if (!log.element.hidden) log.draw(shown);
    say(foot, sentence(shown, look, shown.now()));
    clearTimeout(speaking);
    speaking = setTimeout(speak, Math.max(0, spokenAt + SPOKEN * 1000 - performance.now()));
  };
  engine = drive(whole, store, look, draw, topology.flow, model);
  return () => {
    clearTimeout(speaking);
    engine.stop();
    whole.remove();
  };
}

export default () => {
  const store = new Store();
  return {
    initialize({ model }) {
      store.receive(model.get("snapshot"));
      const hear = (message) => {
        if (!store.receive(message)) model.send({ ask: "everything" });
      };
      model.on("msg:custom", hear);
      return () => model.off("msg:custom", hear);
    },
    render: (context) => render(store, context),
  };
};
