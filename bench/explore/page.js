// The page to explore: find an item, see its neighbours under two models, and what somebody who
// likes some items may like. Items are numbers from 0, those with most users first.

const { items, genres, models } = page;
const COUNT = items.titles.length;
const LENGTH = 10; // of a list
const OFFERED = 12; // of what is found
const PIXELS = 8; // of the map's width for each title on it
const NEAR = 16; // pixels: how far from a point a click may be
const STILL = 5; // pixels: a pointer that moved more has dragged the map
const ACCENTS = /[\u0300-\u036f]/g;
const PLAIN = { "ß": "ss", "ς": "σ", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th" };

/** The words of a text, comparable: as bench/retrieval/names.py does it. */
function wordsOf(text) {
  const plain = text.toLowerCase().replace(/['’]/g, "").normalize("NFKD").replace(ACCENTS, "")
    .toLowerCase().replace(/[ßςøæœłđðþ]/g, letter => PLAIN[letter]);
  return plain.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}

/** Whether a word begins so; in a script without spaces, whether it has it anywhere. */
const begins = (word, part) => word.startsWith(part) || (/[^\x00-\x7f]/.test(part) && word.includes(part));
const words = items.words.map(each => each.split(" "));

/** Items that a text may mean: those called so, then those whose names or words begin so. */
function search(text) {
  const typed = wordsOf(text), name = typed.join("");
  const id = text.trim().match(/^(?:#|id:)\s*(.+)$/i);
  if (id) return items.ids.flatMap((each, item) => each === id[1] ? [item] : []);
  if (!name) return [];
  const found = [[], [], []];
  for (let item = 0; item < COUNT; item++) {
    if (items.names[item].includes(name)) found[0].push(item);
    else if (items.names[item].some(each => each.startsWith(name))) found[1].push(item);
    else if (typed.every(part => words[item].some(word => begins(word, part)))) found[2].push(item);
  }
  return found.flat().slice(0, OFFERED);
}

function unpacked(text) {
  return Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
}

/** Vectors whose dot products are similarities, made when they are first needed: [COUNT, width]. */
function vectorsOf(model) {
  if (model.vectors) return model.vectors;
  const { width } = model, numbers = new Int16Array(unpacked(model.numbers));
  const scales = new Float32Array(unpacked(model.scales));
  const made = new Float32Array(numbers.length);
  for (let item = 0; item < COUNT; item++) {
    const row = made.subarray(item * width, (item + 1) * width);
    let square = 0, known = false;
    for (let at = 0; at < width; at++) {
      row[at] = numbers[item * width + at] * scales[item];
      known ||= row[at] !== 0;
    }
    if (model.by === "dot" || !known) continue; // nothing is known of it: like no other
    for (let at = 0; at < width; at++) {
      if (model.by === "centred") row[at] -= model.mean[at];
      square += row[at] ** 2;
    }
    if (square > 0) for (let at = 0; at < width; at++) row[at] /= Math.sqrt(square);
  }
  return model.vectors = made;
}

/** How alike an item is to all: [COUNT]. */
function similarities(model, item) {
  const { width } = model, vectors = vectorsOf(model), found = new Float32Array(COUNT);
  for (let other = 0; other < COUNT; other++) {
    for (let at = 0; at < width; at++) found[other] += vectors[item * width + at] * vectors[other * width + at];
  }
  return found;
}

/** The items with the highest scores that have enough users, without some. */
function best(scores, without) {
  const least = Number(byId("least").value) || 0;
  const order = [];
  for (let item = 0; item < COUNT; item++) {
    if (items.users[item] >= least && !without.has(item)) order.push(item);
  }
  return order.sort((a, b) => scores[b] - scores[a]).slice(0, LENGTH);
}

const byId = name => document.getElementById(name);
const users = item => `${items.users[item].toLocaleString("en")} user${items.users[item] === 1 ? "" : "s"}`;
const figure = value => value.toFixed(2).replace(/^(-?)0\./, "$1.");
const genresOf = item => genres.of[item].map(at => genres.names[at]).join(", ");

function element(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}

function titled(item) {
  const button = element("button", "title", items.titles[item]);
  button.type = "button";
  button.addEventListener("click", () => choose(item));
  return button;
}

/** A field that offers items while somebody types in it; arrows and Enter, or a click, take one. */
class Finder {
  constructor(input, take) {
    Object.assign(this, { input, take, offered: [], active: -1 });
    this.list = element("ul", "found", "");
    this.list.id = `${input.id}-found`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Titles");
    input.after(this.list);
    const attributes = { role: "combobox", "aria-expanded": "false", "aria-controls": this.list.id, "aria-autocomplete": "list" };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    input.addEventListener("input", () => this.offer());
    input.addEventListener("focus", () => input.value && this.offer());
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", event => this.press(event));
    input.form.addEventListener("submit", event => event.preventDefault());
    this.list.addEventListener("mousedown", event => event.preventDefault()); // keeps the focus
  }

  offer() {
    const text = this.input.value;
    this.offered = search(text);
    this.active = this.offered.length ? 0 : -1;
    this.list.replaceChildren(...this.offered.map((item, at) => {
      const option = element("li", "", "");
      option.id = `${this.list.id}-${at}`;
      option.setAttribute("role", "option");
      option.append(element("span", "", items.titles[item]), element("small", "", users(item)));
      option.addEventListener("click", () => this.end(item));
      return option;
    }));
    if (!this.offered.length) this.list.append(element("li", "nothing", "Nothing here is called so."));
    this.list.hidden = !text.trim();
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.mark();
  }

  mark() {
    for (const [at, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(at === this.active));
      if (at === this.active) option.scrollIntoView({ block: "nearest" });
    }
    this.input.setAttribute("aria-activedescendant", this.active < 0 ? "" : `${this.list.id}-${this.active}`);
  }

  press(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && this.offered.length) {
      event.preventDefault();
      this.active = (this.active + steps[event.key] + this.offered.length) % this.offered.length;
      this.mark();
    } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) this.end(this.offered[this.active]);
    else if (event.key === "Escape") this.close();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  end(item) {
    this.input.value = "";
    this.close();
    this.take(item);
  }
}

let chosen = 0;
let drawn; // the map
const liked = [];
const sides = [...document.querySelectorAll("[data-model]")];

function choose(item) {
  chosen = item;
  byId("chosen-title").textContent = items.titles[item];
  byId("facts").textContent = [users(item), genresOf(item), `id ${items.ids[item]}`].filter(Boolean).join(" · ");
  neighbours();
}

function neighbours() {
  const lists = sides.map(select => {
    const alike = similarities(models[select.value], chosen);
    return { alike, known: alike[chosen] > 0, found: best(alike, new Set([chosen])) };
  });
  const both = lists.length < 2 ? [] : lists[0].found.filter(item => lists[1].found.includes(item));
  for (const [side, { alike, known, found }] of lists.entries()) {
    const rows = (known ? found : []).map(item => {
      const row = element("li", both.includes(item) ? "both" : "", "");
      row.append(titled(item), element("span", "value", figure(alike[item])), element("span", "users", items.users[item].toLocaleString("en")));
      row.lastChild.title = "users";
      return row;
    });
    if (!known) rows.push(element("li", "", "This model learned nothing of it."));
    document.querySelector(`[data-list="${side}"]`).replaceChildren(...rows);
  }
  byId("shared").textContent = "Similarity, and users who chose it."
    + (lists.length < 2 ? "" : ` ${both.length} of ${LENGTH} are in both lists${both.length ? " (●)" : ""}.`);
  ring(lists.flatMap(each => each.known ? each.found : []));
}

function like(item) {
  if (!liked.includes(item)) liked.push(item);
  recommend();
}

function recommend() {
  byId("picked").replaceChildren(...liked.map(item => {
    const chip = element("li", "", `${items.titles[item]} `), remove = element("button", "", "×");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${items.titles[item]}`);
    remove.addEventListener("click", () => {
      liked.splice(liked.indexOf(item), 1);
      recommend();
      byId("pick").focus();
    });
    chip.append(remove);
    return chip;
  }));
  byId("answers").replaceChildren(...answers());
}

function answers() {
  const model = models[byId("by").value];
  const parts = liked.map(item => ({ item, alike: similarities(model, item) })).filter(each => each.alike[each.item] > 0);
  if (!parts.length) return [element("li", "why", liked.length ? `${model.name} learned nothing of these.` : "Nobody is asked for yet.")];
  const scores = new Float32Array(COUNT);
  for (const { alike } of parts) for (let item = 0; item < COUNT; item++) scores[item] += alike[item] / parts.length;
  return best(scores, new Set(liked)).map(item => {
    const near = parts.toSorted((a, b) => b.alike[item] - a.alike[item]).slice(0, 2).filter(each => each.alike[item] > 0);
    const reason = near.map(each => `${items.titles[each.item]} (${figure(each.alike[item])})`).join(", ");
    const row = element("li", "", "");
    row.append(titled(item), element("span", "value", figure(scores[item])), element("span", "users", users(item)), element("span", "why", reason ? `like ${reason}` : ""));
    return row;
  });
}

// The map

const placeOf = new Map(page.map.at.map((item, at) => [item, page.map.places[at]]));

/** Colours by genre: of the few that stand together the rarest that an item has, or one alone. */
function coloured() {
  const alone = byId("colours")?.value;
  const names = alone ? [alone] : page.colours;
  const colour = new Map(names.map((name, at) => [genres.names.indexOf(name), `var(--mark-${at + 1})`]));
  const count = new Map();
  for (const each of genres.of) for (const at of each) count.set(at, (count.get(at) ?? 0) + 1);
  const legend = names.map((name, at) => [name, `var(--mark-${at + 1})`]);
  if (names.length) legend.push(["other", "var(--quiet)"]);
  byId("legend").replaceChildren(...legend.map(([name, value]) => {
    const line = element("li", "", name), swatch = element("i", "", "");
    swatch.style.setProperty("--swatch", value);
    line.prepend(swatch);
    return line;
  }));
  const rows = page.map.at.map((item, at) => {
    const [x, y] = page.map.places[at];
    const [rarest] = genres.of[item].filter(each => colour.has(each)).sort((a, b) => count.get(a) - count.get(b));
    const plain = names.length ? "var(--quiet)" : "var(--accent)";
    return {
      at: item, x, y: 1 - y, title: items.titles[item], genres: genresOf(item), users: items.users[item],
      colour: colour.get(rarest) ?? plain, strength: rarest === undefined && names.length ? 0.3 : 0.75,
    };
  });
  return rows.sort((a, b) => a.strength - b.strength || b.users - a.users); // what is coloured on top
}

function named(some) {
  return some.filter(item => placeOf.has(item)).map(item => {
    const [x, y] = placeOf.get(item);
    return { at: item, x, y: 1 - y, title: items.titles[item] };
  });
}

/** Ring the chosen item and its neighbours, and name them before others. */
function ring(around) {
  const near = named([...new Set([chosen, ...around])]);
  const rings = near.map(each => ({ ...each, size: each.at === chosen ? 320 : 120 }));
  const most = Math.round(document.querySelector("[data-draw=map]").clientWidth / PIXELS);
  const names = [...near, ...named(page.map.at.slice(0, most).filter(item => !near.some(each => each.at === item)))];
  drawn?.view.data("focus", rings).data("names", names).runAsync();
  return { focus: rings, names };
}

async function draw() {
  const place = document.querySelector("[data-draw=map]");
  const spec = { ...page.chart, datasets: { rows: coloured(), ...ring([]) } };
  drawn = await vegaEmbed(place, spec, {
    renderer: "svg", actions: false, config: CONFIG, patch: made => placeNames(made, false),
    tooltip: { disableDefaultStyle: false },
  });
  let from = [0, 0];
  place.addEventListener("pointerdown", event => from = [event.clientX, event.clientY], { capture: true });
  place.addEventListener("click", event => {
    if (Math.hypot(event.clientX - from[0], event.clientY - from[1]) <= STILL) clicked(place, event);
  });
  choose(chosen);
  place.dataset.done = "yes";
}

/** Choose the item nearest to a click. */
function clicked(place, event) {
  const box = place.querySelector("svg").getBoundingClientRect(), [left, top] = drawn.view.origin();
  const x = drawn.view.scale("x"), y = drawn.view.scale("y");
  const far = ([column, line]) =>
    Math.hypot(x(column) - (event.clientX - box.left - left), y(1 - line) - (event.clientY - box.top - top));
  const [nearest] = page.map.at.map((item, at) => [far(page.map.places[at]), item]).sort((a, b) => a[0] - b[0]);
  if (nearest && nearest[0] <= NEAR) choose(nearest[1]);
}

new Finder(byId("find"), choose);
new Finder(byId("pick"), like);
byId("like").addEventListener("click", () => like(chosen));
byId("none").addEventListener("click", () => { liked.length = 0; recommend(); });
byId("by").addEventListener("change", recommend);
byId("least").addEventListener("input", () => { neighbours(); recommend(); });
byId("colours")?.addEventListener("change", () => drawn.view.data("rows", coloured()).runAsync());
for (const select of sides) select.addEventListener("change", neighbours);
recommend();
draw();
