// --------------------------------------------------------------------------------------------------------- the look
// What one reader of one widget chose, and what of it is on the screen.

const CHOICES = { view: "both", whole: false, hidden: [], help: false, who: "", event: "", queue: "" };

/** What one reader of one widget chose to see. A re-run of the cell and a reloaded page find it again by its title. */
class Look {
  constructor(name) {
    this.name = `warren scope ${name}`;
    this.chosen = { ...CHOICES, ...kept(this.name) };
    this.from = 0; // seconds: what was cleared lies before
    this.cursor = null; // { share of the time axis } under the pointer or { t } by keyboard
    this.width = 0; // pixels inside the widget
    this.eyes = new Eyes();
  }

  choose(choice) {
    Object.assign(this.chosen, choice);
    keep(this.name, this.chosen);
  }

  queues(store) {
    return store.known().filter((queue) => !this.chosen.hidden.includes(queue.name));
  }

  /** The time the charts show, seconds since the recording began. */
  time(store) {
    const now = store.now();
    const length = now - this.from;
    const span = SPANS.find((seconds) => seconds >= length) ?? (this.chosen.whole ? length : latest(SPANS));
    return { to: now, span, from: now - span, since: this.from };
  }
}

const memory = (globalThis.warrenScopeChoices ??= new Map()); // for pages that may store nothing: sandboxed frames

function kept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? {};
  } catch {
    return memory.get(name) ?? {};
  }
}

function keep(name, chosen) {
  memory.set(name, { ...chosen });
  try {
    sessionStorage.setItem(name, JSON.stringify(chosen));
  } catch {
    // it lasts as long as the page then
  }
}

/** Tells size and visibility of elements without asking the layout: one pair of observers for all of a widget. */
class Eyes {
  constructor() {
    this.watched = new Map();
    this.sizes = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        this.#tell(target, { width: contentRect.width, height: contentRect.height });
      }
    });
    this.sights = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#tell(target, { seen: isIntersecting });
    });
  }

  /** Returns { width, height, seen }, kept up to date. */
  watch(element, changed = () => {}) {
    const view = { width: 0, height: 0, seen: true };
    this.watched.set(element, { view, changed });
    this.sizes.observe(element);
    this.sights.observe(element);
    return view;
  }

  forget(element) {
    this.watched.delete(element);
    this.sizes.unobserve(element);
    this.sights.unobserve(element);
  }

  close() {
    this.watched.clear();
    this.sizes.disconnect();
    this.sights.disconnect();
  }

  #tell(element, news) {
    const { view, changed } = this.watched.get(element) ?? {};
    if (!view) return;
    Object.assign(view, news);
    changed(view);
  }
}
