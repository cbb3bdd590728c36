// ---------------------------------------------------------------------------------------------------------- the foot
// One sentence that says what the picture says, and what each sign means.

const OTHERS = 3; // queues the sentence names besides the one it is about

const LOST = {
  vhost: "The vhost is gone; the picture goes on when it is back.",
  refused: "This user may no longer look into the vhost; the picture goes on when it may.",
};

/** One sentence that says what the picture says, about the first queue where anything is. */
function sentence(store, look, now) {
  if (store.silent())
    return "Nothing has been heard from the kernel for a while; what you see is the last known state.";
  if (store.state === "down") return LOST[store.why] ?? "The broker is down; the picture goes on when it is back.";
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
  const named = others.slice(0, OTHERS).map((queue) => ` · ${queue.name}: ${held(reading(queue))}`);
  const more = others.length > OTHERS ? ` · ${plural(others.length - OTHERS, "more queue")} with messages` : "";
  const when = store.state === "stopped" ? "At the end: " : "";
  return `${when}${told(store, subject, now)}${named.join("")}${more}.`;
}

const growth = (queue, now) => (readingAt(queue, now).ready - readingAt(queue, now - 3).ready) / 3;

function told(store, queue, now) {
  const state = reading(queue);
  const speed = Math.round(growth(queue, now));
  const parts = [state.ready ? `${number(state.ready)} ready` : state.total ? "none ready" : "empty"];
  if (Math.abs(speed) >= 1 && state.ready && store.state !== "stopped") {
    parts[0] +=
      speed > 0 ? ` and growing by ${number(speed)} a second` : ` and shrinking by ${number(-speed)} a second`;
  }
  if (state.unacked) parts.push(`${number(state.unacked)} unacked`);
  if (state.delayed) parts.push(`${number(state.delayed)} delayed`);
  const crew = state.consumers ? plural(state.consumers, "consumer") : "nobody consumes";
  if (state.unacked && state.consumers) parts[parts.length - 1] += ` at ${crew}`;
  else parts.push(crew);
  const { age, dead } = store.heads[queue.name] ?? {};
  if (age > 0 && state.total) parts.push(`oldest message ${lasting(age)}`);
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
  ["unmeasured", "pale line", "a way for messages whose rate this broker does not tell"],
  ["deadline", "dead letters", "messages that were rejected, expired or too many go to another exchange"],
  ["otherwise", "unroutable", "what an exchange has no binding for goes to its alternate exchange"],
  ["told", "lanes", "numbers (as lines) and states (as bands) that the notebook itself tells, such as workers"],
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
  whole.addEventListener("toggle", () => look.choose({ help: whole.open }));
  return whole;
}
