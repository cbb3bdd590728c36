// ------------------------------------------------------------------------------------------------------ message log
// What the notebook's publishers and workers did: newest last, following unless the reader scrolled up.

function logView(store, look, events, redraw) {
  const list = element("ol", { tabindex: "0", "aria-label": "message log" });
  const hint = element("p", { class: "hint" });
  const pickers = {
    queue: picker("queue", "all queues", look),
    who: picker("who", "everyone", look),
    event: picker("event", "all events", look),
  };
  for (const [name, select] of Object.entries(pickers)) {
    select.addEventListener("change", () => {
      look.choose({ [name]: select.value });
      refill = true;
      redraw();
    });
  }
  const whole = element(
    "section",
    { class: "log", "aria-label": "messages" },
    element(
      "div",
      { class: "legend" },
      element("b", {}, "messages"),
      element("span", { class: "faint" }, "newest last"),
    ),
    element(
      "div",
      { class: "lines" },
      element("div", { class: "filters" }, ...Object.values(pickers)),
      element("div", { class: "list" }, list, hint),
    ),
  );
  list.addEventListener("scroll", () => {
    follows = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
  });
  let follows = true;
  let refill = false;
  let drawn = -1;
  let from = 0;
  let source = store;

  return {
    element: whole,
    draw(store) {
      const again = refill || from !== look.from || source !== store;
      const fresh = again ? store.lines : store.lines.slice(placeAt(store.lines, drawn) + 1);
      if (!again && !fresh.length && list.childElementCount) return;
      offer(pickers, fresh, store);
      const chosen = fresh.filter((line) => line[0] >= look.from && passes(line, look.chosen, store));
      if (again) list.replaceChildren(...chosen.map((line) => row(line, events)));
      else list.append(...chosen.map((line) => row(line, events)));
      while (list.childElementCount > LINES_KEPT) list.firstElementChild.remove();
      drawn = latest(store.lines)?.[0] ?? -1;
      [refill, from, source] = [false, look.from, store];
      const any = store.lines.some((line) => line[0] >= look.from);
      say(
        hint,
        list.childElementCount
          ? ""
          : any
            ? "No line passes the filter."
            : "What workers and publishers report appears here.",
      );
      hint.hidden = !hint.textContent;
      if (follows || again) list.scrollTop = 1e9;
    },
  };
}

function picker(name, all, { chosen }) {
  const select = element("select", { "aria-label": `show ${name}`, name }, element("option", { value: "" }, all));
  select.offered = new Set();
  propose(select, chosen[name]);
  select.value = chosen[name];
  return select;
}

function propose(select, value) {
  if (value && !select.offered.has(value)) select.append(element("option", { value }, value));
  select.offered.add(value);
}

/** Offer what these lines hold; what was there once stays, so that nothing jumps under the pointer. */
function offer(pickers, lines, store) {
  for (const line of lines) {
    for (const [name, values] of [
      ["who", [line[1]]],
      ["event", [line[2]]],
      ["queue", belongs(line, store)],
    ]) {
      for (const value of values) propose(pickers[name], value);
    }
  }
}

/** The queues a line is about: as told, or those its worker consumes. */
function belongs([, who, , , queue], store) {
  return queue ? [queue] : [...(store.places.get(who) ?? [])];
}

function passes(line, { who, event, queue }, store) {
  return (!who || line[1] === who) && (!event || line[2] === event) && (!queue || belongs(line, store).includes(queue));
}

function row([t, who, event, what], events) {
  return element(
    "li",
    {},
    element("time", {}, moment(t)),
    element("span", { class: "who" }, who),
    element("b", { class: events[event] ?? "quiet" }, event),
    element("span", { class: "what", title: what }, what),
  );
}
