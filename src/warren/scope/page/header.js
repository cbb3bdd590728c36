// --------------------------------------------------------------------------------------- header and controls

const STATES = {
  live: "live",
  alone: "live, AMQP alone",
  down: "broker down",
  stopped: "stopped",
  silent: "no news from the kernel",
  paused: "paused",
};
const DOWN = { vhost: "vhost gone", refused: "access refused" };
const ALARMS = {
  memory: "memory alarm: the broker holds publishers back",
  disk: "disk alarm: the broker holds publishers back",
};

/** `pause` stops and starts the picture, `clear` begins a new one. */
function header(look, { pause, clear, redraw }) {
  const word = element("b", {});
  const detail = element("span", { class: "faint detail" });
  const alarm = element("b", { class: "alarm" });
  const views = choice(
    "what is shown",
    [
      ["Both", "both"],
      ["Depth", "depth"],
      ["Topology", "topology"],
      ["Log", "log"],
    ],
    () => look.chosen.view,
    (view) => {
      look.choose({ view });
      redraw();
    },
  );
  const pausing = button("Pause", pause, { title: "Stop the picture; the recording goes on" });
  const clearing = button("Clear", clear, { title: "Begin a new picture from now; the recording keeps everything" });
  const queues = queuePicker(look, redraw);
  const controls = element("div", { class: "controls" }, views.element, queues.element, pausing, clearing);
  const whole = element("header", {}, element("i", { class: "dot" }), word, detail, alarm, controls);
  return {
    element: whole,
    draw(store) {
      const state = store.frozen !== undefined ? "paused" : store.silent() ? "silent" : store.state;
      set(whole, "data-state", state);
      say(word, (state === "down" && DOWN[store.why]) || STATES[state]);
      const broker = [`RabbitMQ ${String(store.version).split(".").slice(0, 2).join(".")}`, `vhost ${store.vhost}`];
      const parts = state === "live" ? [...broker, "10 readings a second"] : [trouble(store, state), ...broker];
      say(detail, parts.join(" · "));
      set(detail, "title", detail.textContent);
      say(alarm, troubles(store).join("; "));
      say(pausing, state === "paused" ? "Resume" : "Pause");
      views.draw();
      queues.draw(store);
    },
  };
}

/** Why publishers may stand still, and what cannot be shown. */
function troubles({ alarms, blocked, troubles: others }) {
  const held =
    blocked.length > 1
      ? "are blocked: the broker takes nothing from them"
      : "is blocked: the broker takes nothing from it";
  return [
    ...alarms.map((name) => ALARMS[name] ?? `${name} alarm`),
    ...(blocked.length ? [`${blocked.join(", ")} ${held}`] : []),
    ...others,
  ];
}

/** A row of buttons of which one is pressed. */
function choice(label, options, chosen, choose) {
  const buttons = options.map(([text, value]) => button(text, () => choose(value)));
  return {
    element: element("div", { class: "choice", role: "group", "aria-label": label }, ...buttons),
    draw() {
      options.forEach(([, value], index) => set(buttons[index], "aria-pressed", chosen() === value));
    },
  };
}

/** Which queues are shown: a box to tick for each, once there are two. */
function queuePicker(look, redraw) {
  const boxes = new Map();
  const summary = element("summary", {}, "Queues");
  const list = element("div", { class: "list", role: "group", "aria-label": "queues shown" });
  const whole = element("details", { class: "picker" }, summary, list);
  const hide = (name, hidden) => {
    look.choose({ hidden: look.chosen.hidden.filter((other) => other !== name).concat(hidden ? [name] : []) });
    redraw();
  };
  whole.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !whole.open) return;
    whole.open = false;
    summary.focus();
    event.stopPropagation();
  });
  whole.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !whole.contains(relatedTarget)) whole.open = false;
  });
  return {
    element: whole,
    draw(store) {
      const known = store.known();
      const shown = look.queues(store).length;
      whole.hidden = known.length < 2;
      say(summary, shown === known.length ? "Queues" : `Queues: ${shown} of ${known.length}`);
      for (const { name } of known) {
        if (!boxes.has(name)) {
          const box = element("input", { type: "checkbox" });
          box.addEventListener("change", () => hide(name, !box.checked));
          boxes.set(name, box);
          list.append(element("label", {}, box, name));
        }
        boxes.get(name).checked = !look.chosen.hidden.includes(name);
      }
    },
  };
}

function trouble(store, state) {
  if (state === "alone") return `${store.why}: no unacked, no rates`;
  if (state === "down") return "trying again until it is back";
  if (state === "stopped") return `${lasting(store.now())} recorded`;
  if (state === "paused") return `at ${moment(store.now())}, the recording goes on`;
  return "is it busy or gone?";
}
