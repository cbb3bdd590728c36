// ------------------------------------------------------------------------------------------------------ message log
// What the notebook's publishers and workers did: newest last, following unless the reader scrolled up.

function logView(store, look, events, redraw) {
  const list = element("ol", { tabindex: "0", "aria-label": "message log" });
  const hint = element("p", { class: "hint" });
  const pickers = {
    queue: picker("queue", "all queues"),
    who: picker("who", "everyone"),
    event: picker("event", "all events"),
  };
  for (const [name, select] of Object.entries(pickers)) {
    select.addEventListener("change", () => {
      look[name] = select.value;
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
      element("span", { class: "filters" }, ...Object.values(pickers)),
    ),
    element("div", { class: "lines" }, list, hint),
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
      const chosen = fresh.filter((line) => line[0] >= look.from && passes(line, look, store));
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

function picker(name, all) {
  return element("select", { "aria-label": `show ${name}`, name }, element("option", { value: "" }, all));
}

/** Offer what these lines hold; what was there once stays, so that nothing jumps under the pointer. */
function offer(pickers, lines, store) {
  for (const line of lines) {
    for (const [name, values] of [
      ["who", [line[1]]],
      ["event", [line[2]]],
      ["queue", belongs(line, store)],
    ]) {
      const offered = (pickers[name].offered ??= new Set());
      for (const value of values) {
        if (!offered.has(value)) pickers[name].append(element("option", { value }, value));
        offered.add(value);
      }
    }
  }
}

/** The queues a line is about: as told, or those its worker consumes. */
function belongs([, who, , , queue], store) {
  return queue ? [queue] : [...(store.places.get(who) ?? [])];
}

function passes(line, look, store) {
  return (
    (!look.who || line[1] === look.who) &&
    (!look.event || line[2] === look.event) &&
    (!look.queue || belongs(line, store).includes(look.queue))
  );
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
