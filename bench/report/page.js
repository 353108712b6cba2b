// The report: sort and filter its boards, open a row's story, draw its charts.

// Costs that a limit may be given for: its units, in the unit of the figure; those of `bench choose`.
const UNITS = {
  train_seconds: { us: 1e-6, "µs": 1e-6, ms: 0.001, s: 1, min: 60, m: 60, h: 3600 },
  latency_p99_ms: { us: 0.001, "µs": 0.001, ms: 1, s: 1000 },
  peak_memory_mb: { kb: 1 / 1024, mb: 1, gb: 1024 },
};

const PANEL = 150; // pixels, at least
const NARROW = 600; // pixels: names above columns stand upright
const MARKS = 6; // lines with a colour of their own

/** A limit as a number in the figure's unit; null for none, NaN for words that are none. */
function limit(words, figure) {
  if (!words.trim()) return null;
  const found = words.trim().match(/^(\d+(?:\.\d*)?|\.\d+)\s*([a-zµ]*)$/i);
  const unit = found && UNITS[figure][found[2].toLowerCase()];
  return unit ? Number(found[1]) * unit : NaN;
}

/** What a chart needs of a section's data and of what the reader chose; null where there is nothing. */
const RECIPES = {
  tradeoff(data, chosen, visible, note) {
    const { accuracy, cost, view } = chosen;
    const rows = data.rows.filter(row => visible.has(row.model) && accuracy in row && cost in row);
    if (!rows.length || !data.views[accuracy]) return null;
    const [lowest, highest] = data.views[accuracy][view];
    const within = row => row[accuracy] >= lowest && row[accuracy] <= highest;
    const outside = rows.filter(row => !within(row));
    note.textContent = outside.length
      ? "Outside of the picture: " + outside.map(row => `${row.model} (${row[accuracy].toFixed(4)})`).join(", ") + "."
      : "";
    const least = cost === "train_seconds" ? 0.001 : 0.0001; // the axis is logarithmic
    return { rows: rows.filter(within), parameters: { accuracy, cost, lowest, highest, least } };
  },
  cutoffs(data, chosen, visible) {
    const named = data.rows.map(row => row.model).filter(model => visible.has(model));
    const coloured = new Map(named.slice(0, MARKS).map(model => [model, model]));
    const rows = data.cutoffs
      .filter(point => point.kind === chosen.kind && visible.has(point.model))
      .map(point => ({ ...point, colour: coloured.get(point.model) ?? "others" }))
      .sort((a, b) => (b.colour === "others") - (a.colour === "others")); // colours on top
    return { rows, colours: [...coloured.keys(), "others"] };
  },
  differences(data, chosen, visible) {
    return { rows: data.differences.filter(each => visible.has(each.first) && visible.has(each.second)) };
  },
  places(data, chosen, visible) {
    return { rows: data.places.filter(each => visible.has(each.model)) };
  },
  validation: learning("validation"),
  losses: learning("losses"),
};

function learning(name) {
  return (data, chosen, visible) => ({
    // A trial has its label, which may stand on the board under a longer name.
    rows: data[name]
      .filter(point => name === "validation" || visible.has(point.model))
      .map(point => ({ ...point, at: point[chosen.against] })),
  });
}

class Section {
  constructor(element, data) {
    this.element = element;
    this.data = data;
    this.visible = new Set(data.rows.map(row => row.model));
    this.drawn = new Map(); // by the chart's element, what ends it
    this.filter();
    this.sort();
    this.choose();
    this.stories();
    for (const place of element.querySelectorAll("[data-draw]")) this.draw(place);
  }

  filter() {
    const form = this.element.querySelector("[data-filter]");
    const said = form.querySelector("output");
    const lines = [...this.element.querySelectorAll(".board tbody tr")];
    const others = [...this.element.querySelectorAll("table:not(.board) tr[data-model]")];
    let waiting;
    const apply = () => {
      const words = form.elements.text.value.toLowerCase().split(/[\s,|]+/).filter(Boolean);
      const limits = Object.keys(UNITS).map(figure => {
        const input = form.elements[figure], value = limit(input.value, figure);
        input.setAttribute("aria-invalid", Number.isNaN(value));
        return [figure, value];
      });
      const bad = limits.find(([, value]) => Number.isNaN(value));
      const within = line => limits.every(([figure, value]) =>
        value === null || Number.isNaN(value)
        || (line.dataset[figure] !== "" && Number(line.dataset[figure]) <= value));
      this.visible.clear();
      for (const line of lines) {
        const named = !words.length || words.some(word => line.dataset.search.includes(word));
        line.hidden = !(named && within(line));
        if (!line.hidden) this.visible.add(line.dataset.model);
      }
      for (const line of others) line.hidden = !this.visible.has(line.dataset.model);
      said.textContent = bad
        ? `A limit is a number and a unit, as ${form.elements[bad[0]].placeholder}: ${Object.keys(UNITS[bad[0]]).join(", ")}.`
        : this.visible.size < lines.length ? `${this.visible.size} of ${lines.length} models` : "";
      clearTimeout(waiting);
      waiting = setTimeout(() => this.redraw(), 150);
    };
    form.addEventListener("input", apply);
    form.addEventListener("reset", () => setTimeout(apply));
    form.addEventListener("submit", event => event.preventDefault());
  }

  /** A click on a header sorts by it, a second one turns the order round. Empty cells stay last. */
  sort() {
    for (const table of this.element.querySelectorAll("table.sortable")) {
      for (const button of table.tHead.querySelectorAll("button")) {
        button.addEventListener("click", () => sortBy(table, button.parentElement));
      }
    }
  }

  choose() {
    for (const select of this.element.querySelectorAll("select[data-chart]")) {
      select.addEventListener("change", () => {
        for (const name of select.dataset.chart.split(" ")) this.redraw(name);
      });
    }
  }

  stories() {
    for (const button of this.element.querySelectorAll("[data-story]")) {
      button.addEventListener("click", () => openStory(button.dataset.story));
    }
  }

  chosen(name) {
    const selects = this.element.querySelectorAll(`select[data-chart~="${name}"]`);
    return Object.fromEntries([...selects].map(select => [select.name, select.value]));
  }

  redraw(name) {
    const wanted = name ? `[data-draw="${name}"]` : "[data-draw]";
    for (const place of this.element.querySelectorAll(wanted)) this.draw(place);
  }

  async draw(place) {
    const name = place.dataset.draw;
    const note = this.element.querySelector(`[data-absent="${name}"]`);
    const recipe = RECIPES[name](this.data, this.chosen(name), this.visible, note);
    this.drawn.get(place)?.finalize();
    this.drawn.delete(place);
    if (!recipe || !recipe.rows.length) {
      place.textContent = "Nothing to draw: no model is left that has these figures.";
      return;
    }
    const spec = structuredClone(page.charts[name]);
    spec.datasets = { rows: recipe.rows };
    for (const parameter of spec.params ?? []) {
      if (parameter.name in (recipe.parameters ?? {})) parameter.value = recipe.parameters[parameter.name];
    }
    if (name === "differences" && place.clientWidth < NARROW) {
      for (const layer of spec.layer) layer.encoding.x.axis.labelAngle = -90;
    }
    if (recipe.colours) {
      const range = recipe.colours.map((_, at) => `var(--mark-${at + 1})`);
      range[range.length - 1] = "var(--line)";
      spec.layer[0].encoding.color.scale = { domain: recipe.colours, range };
    }
    if (spec.columns) { // panels that fill the width
      spec.columns = Math.max(1, Math.min(6, Math.floor(place.clientWidth / PANEL)));
      spec.spec.width = Math.floor(place.clientWidth / spec.columns) - 62;
    }
    const made = await vegaEmbed(place, spec, {
      renderer: "svg", actions: false, config: CONFIG, patch: placeNames, tooltip: { disableDefaultStyle: false },
    });
    made.view.addEventListener("click", (event, item) => {
      const row = item?.datum && this.data.rows.find(each => each.model === item.datum.model);
      if (row) openStory(row.anchor);
    });
    this.drawn.set(place, made);
    place.dataset.done = "yes";
  }
}

function openStory(anchor) {
  const story = document.getElementById(anchor);
  if (!story.open) story.showModal();
  story.scrollTop = 0;
}

function sortBy(table, header) {
  const row = header.parentElement, at = header.cellIndex, text = header.dataset.kind === "text";
  const before = header.ariaSort;
  const first = "down" in header.dataset ? "descending" : "ascending";
  const order = before ? (before === "ascending" ? "descending" : "ascending") : first;
  for (const other of row.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", order);
  const key = line => line.cells[at].dataset.value;
  const sign = order === "ascending" ? 1 : -1;
  const lines = [...table.tBodies[0].rows].sort((a, b) => {
    if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
    return sign * (text ? key(a).localeCompare(key(b)) : key(a) - key(b));
  });
  table.tBodies[0].append(...lines);
}

// A click beside a story closes it, as Escape does.
document.addEventListener("click", event => {
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
for (const element of document.querySelectorAll("[data-section]")) {
  new Section(element, page.sections[Number(element.dataset.section)]);
}
