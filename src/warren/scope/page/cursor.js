// ---------------------------------------------------------------------------------------------------------- cursor
// One for all charts, by pointer or arrow keys: a line, and in words what was then.

const STEP = 0.5; // seconds an arrow key moves the cursor; with Shift ten times that
const TOLD = 1000; // milliseconds between two texts of a chart for a screen reader

/** A chart with a cursor; `valuesAt(subject, t, now)` are the words, when it was first. `id` is one among all plots. */
function plotOf(chart, id, name, look, redraw, valuesAt) {
  const tip = element("div", { class: "tip", hidden: "" });
  const slider = { role: "slider", "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0 };
  const plot = element(
    "div",
    { class: "plot", tabindex: "0", "aria-label": `${name} over time`, ...slider },
    chart.element,
    tip,
  );
  const drawn = { place: null, time: null };
  steer(plot, id, look, drawn, redraw);
  return {
    element: plot,
    draw(store, subject, time, place, due) {
      if (due) drawn.place = chart.draw(store, subject, time, place);
      drawn.time = time;
      if (due) showCursor({ chart, tip, plot, here: look.cursor?.plot === id }, look, drawn, (t) =>
        valuesAt(subject, t, time.to),
      );
    },
  };
}

function steer(plot, id, look, drawn, redraw) {
  const move = (cursor) => {
    look.cursor = cursor && { ...cursor, plot: id };
    redraw();
  };
  plot.addEventListener("pointermove", (event) => {
    const { left, width } = plot.getBoundingClientRect();
    const share = (event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
    move({ share: Math.min(1, Math.max(0, share)) });
  });
  plot.addEventListener("pointerleave", () => move(null));
  plot.addEventListener("blur", () => move(null));
  plot.addEventListener("keydown", (event) => {
    const { from, to, span } = drawn.time;
    const first = Math.max(from, look.from, 0);
    const step = event.shiftKey ? 10 * STEP : Math.max(STEP, span / 200);
    const t = look.cursor ? moveTo(look.cursor, drawn.time) : to;
    const moves = { ArrowLeft: t - step, ArrowRight: t + step, Home: first, End: to };
    if (event.key === "Escape" && look.cursor) move(null);
    else if (event.key in moves) move({ t: Math.min(to, Math.max(first, moves[event.key])) });
    else return;
    event.preventDefault(); // the notebook has its own use for arrow keys
    event.stopPropagation();
  });
}

/** The cursor's moment, seconds since the recording began. */
function moveTo(cursor, { from, span }) {
  return cursor.t ?? from + cursor.share * span;
}

function showCursor({ chart, tip, plot, here }, look, { place, time }, valuesAt) {
  if (!place) return;
  const t = look.cursor ? moveTo(look.cursor, time) : null;
  const inside = t !== null && t >= time.from && t >= 0;
  const x = inside ? place.x(t) : null;
  chart.point(x, place.box);
  if (here || performance.now() - (plot.told ?? -Infinity) > TOLD) {
    plot.told = performance.now();
    setAll(plot, { "aria-valuemin": Math.max(0, time.from).toFixed(1), "aria-valuemax": time.to.toFixed(1) });
    setAll(plot, {
      "aria-valuenow": Math.max(0, t ?? time.to).toFixed(1),
      "aria-valuetext": valuesAt(t ?? time.to).join(", "),
    });
  }
  tip.hidden = !inside;
  if (!inside) return;
  const words = valuesAt(t);
  tip.classList.toggle("brief", !here);
  say(tip, (here ? words : words.slice(1, 2)).join("\n"));
  const right = x > (place.box.left + place.box.right) / 2;
  tip.style.left = right ? "" : `${(x + 8).toFixed(0)}px`;
  tip.style.right = right ? `${(place.box.right + MARGIN.right - x + 8).toFixed(0)}px` : "";
}

const momentAgo = (t, now) => (now - t < 0.05 ? "now" : `${(now - t).toFixed(1)} s ago, at ${moment(t)}`);
