// --------------------------------------------------------------------------------------- header, controls and words

const OTHERS = 3; // queues the sentence names besides the one it is about
const STATES = {
  live: "live",
  alone: "live, AMQP alone",
  down: "broker down",
  stopped: "stopped",
  silent: "no news from the kernel",
  paused: "paused",
};
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
      look.chosen.view = view;
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
      say(word, STATES[state]);
      const parts = [state === "live" ? "10 readings a second" : trouble(store, state)];
      parts.push(`RabbitMQ ${String(store.version).split(".").slice(0, 2).join(".")}`, `vhost ${store.vhost}`);
      say(detail, parts.filter(Boolean).join(" · "));
      set(detail, "title", detail.textContent);
      say(alarm, store.alarms.map((name) => ALARMS[name] ?? `${name} alarm`).join("; "));
      say(pausing, state === "paused" ? "Resume" : "Pause");
      views.draw();
      queues.draw(store);
    },
  };
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
    look.chosen.hidden = look.chosen.hidden.filter((other) => other !== name).concat(hidden ? [name] : []);
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

// ------------------------------------------------------------------------------------------------- the foot

/** One sentence that says what the picture says, about the first queue where anything is. */
function sentence(store, look, now) {
  if (store.silent())
    return "Nothing has been heard from the kernel for a while; what you see is the last known state.";
  if (store.state === "down") {
    return store.why === "vhost"
      ? "The vhost is gone; the picture goes on when it is back."
      : "The broker is down; the picture goes on when it is back.";
  }
  const queues = look.queues(store);
  const there = queues.filter((queue) => reading(queue).ready !== null);
  if (!there.length) {
    return queues.length
      ? `${queues.map((queue) => queue.name).join(", ")}: not declared yet; appears as soon as it is.`
      : store.known().length
        ? "No queue is chosen to be shown."
        : "No queue yet; each appears as soon as it is declared.";
  }
  const subject = there.find((queue) => reading(queue).total || reading(queue).consumers) ?? there[0];
  const others = there.filter((queue) => queue !== subject && reading(queue).total > 0);
  const more = others.length > OTHERS ? `; and ${others.length - OTHERS} more queues hold messages` : "";
  const others3 = others.slice(0, OTHERS).map((queue) => `; ${queue.name}: ${held(reading(queue))}`);
  const when = store.state === "stopped" ? "At the end, " : "";
  return `${when}${told(store, subject, now)}${others3.join("")}${more}.`;
}

const growth = (queue, now) => (readingAt(queue, now).total - readingAt(queue, now - 3).total) / 3;

function told(store, queue, now) {
  const state = reading(queue);
  const speed = Math.round(growth(queue, now));
  const parts = [state.ready ? `${number(state.ready)} ready` : state.total ? "none ready" : "empty"];
  if (Math.abs(speed) >= 1 && state.total) {
    parts[0] +=
      speed > 0 ? ` and growing by ${number(speed)} a second` : ` and shrinking by ${number(-speed)} a second`;
  }
  if (state.unacked) parts.push(`${number(state.unacked)} unacked`);
  if (state.delayed) parts.push(`${number(state.delayed)} delayed`);
  const crew = state.consumers ? plural(state.consumers, "consumer") : "nobody consumes";
  if (state.unacked && state.consumers) parts[parts.length - 1] += ` at ${crew}`;
  else parts.push(crew);
  const { age, dead } = store.heads[queue.name] ?? {};
  if (typeof age === "number" && state.total) parts.push(`oldest message ${lasting(age)}`);
  if (dead) parts.push(`${number(dead)} dead-lettered`);
  return `${queue.name}: ${parts.join("; ")}`;
}

// ------------------------------------------------------------------------------------------ what am I looking at?

const EXPLAINED = [
  ["ready", "ready", "messages that wait in the queue for a consumer"],
  ["unacked", "unacked", "messages a consumer has got but not acknowledged yet: if it dies, they go back to ready"],
  ["delayed", "delayed", "messages a quorum queue holds back until their next try"],
  ["slots", "prefetch slots", "how many messages a consumer may hold at once; a filled slot is an unacked message"],
  ["crew", "consumers", "how many programs read from the queue, as steps below the chart"],
  ["flow", "moving dots", "messages on their way: up to 3 a second each dot is one, beyond that dots only get faster"],
  ["deadline", "dead letters", "messages that were rejected, expired or too many go to another exchange"],
  ["otherwise", "unroutable", "what an exchange has no binding for goes to its alternate exchange"],
  ["dash", "marks", "what happened when: by you (grey) or seen at the broker (vermilion)"],
];

/** What each sign means, for a beginner; folded away. */
function guide(look) {
  const list = element(
    "dl",
    {},
    ...EXPLAINED.map(([sign, name, words]) =>
      element("div", {}, element("dt", {}, element("i", { class: `sign ${sign}` }), name), element("dd", {}, words)),
    ),
  );
  const whole = element(
    "details",
    { class: "guide" },
    element("summary", {}, "What am I looking at?"),
    element(
      "p",
      {},
      "Publishers send messages to an exchange. Bindings say which queues get a copy of each. A queue keeps them " +
        "until a consumer has acknowledged them. Point at a chart, or walk along it with the arrow keys, for exact numbers.",
    ),
    list,
  );
  whole.open = look.chosen.help;
  whole.addEventListener("toggle", () => (look.chosen.help = whole.open));
  return whole;
}
