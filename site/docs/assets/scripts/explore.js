// Explore: everything in one list, with filters that include and exclude. The state is in the address.
import { watch } from "./speller.js";
import { copy, element, highlight, href, reading, toast, typing } from "./base.js";
import { clean, count as countAll, kindName, more, named, search, shown, typed, warm } from "./finder.js";

const place = document.querySelector("[data-explore]");
const settings = JSON.parse(place.querySelector("[data-explore-settings]").textContent);
const find = (name) => place.querySelector(`[data-${name}]`);
const input = place.querySelector("#explore-query");
const results = find("results");
const status = find("status");
const filters = find("filters");
const newest = [...results.children]; // the newest papers, there without a search

const KEYS = Object.keys(settings.titles);
const EITHER = new Set(["kind", "year", "venue", "status"]); // of these an entry has one value, so several mean any of them
const FIRST = 10; // results drawn while the reader types, those on the screen first; the rest follows when the reader is still
const LOW = 90; // pixels that no result is lower than
const PAGE = 20;
const PAUSE = 250; // milliseconds without a keystroke before the counts are made anew
const SHORT = 8;
const BIBTEX_LIMIT = 500;

// State and address ---------------------------------------------------------------------------------------------------

const state = { query: "", sort: "relevance", reading: false, yes: {}, no: {} };

function read() {
  const parameters = new URLSearchParams(location.search);
  state.query = parameters.get("q") ?? "";
  state.sort = ["relevance", "newest", "oldest"].includes(parameters.get("sort")) ? parameters.get("sort") : "relevance";
  state.reading = parameters.has("reading");
  for (const key of KEYS) {
    const values = parameters.getAll(key);
    state.yes[key] = new Set(values.filter((value) => value && !value.startsWith("-")));
    state.no[key] = new Set(values.filter((value) => value.startsWith("-") && value.length > 1).map((value) => value.slice(1)));
  }
}

function address() {
  const parameters = new URLSearchParams();
  if (state.query) parameters.set("q", state.query);
  for (const key of KEYS) {
    for (const value of [...state.yes[key]].sort()) parameters.append(key, value);
    for (const value of [...state.no[key]].sort()) parameters.append(key, `-${value}`);
  }
  if (state.sort !== "relevance") parameters.set("sort", state.sort);
  if (state.reading) parameters.set("reading", "1");
  const text = parameters.toString();
  return text ? `?${text}` : location.pathname;
}

const remember = (how = "replaceState") => history[how](null, "", address());

const name = (key, value) => settings.names[key]?.[value] ?? (key === "kind" ? kindName(value) : value);

const chosen = () => KEYS.reduce((sum, key) => sum + state.yes[key].size + state.no[key].size, 0);

// The filters as Pagefind takes them; `without` leaves one group's inclusions out, to count what else it could include.
function wanted(without = null) {
  const all = [];
  for (const key of KEYS) {
    const one = (value) => ({ [key]: value });
    const yes = [...state.yes[key]].map(one);
    if (yes.length && key !== without) all.push(EITHER.has(key) ? { any: yes } : { all: yes });
    const no = [...state.no[key]].map(one);
    if (no.length) all.push({ none: no });
  }
  return all.length ? { all } : {};
}

const sorting = () => state.sort === "relevance" ? (words() ? {} : { date: "desc" }) : { date: state.sort === "newest" ? "desc" : "asc" };

// Searching -----------------------------------------------------------------------------------------------------------

let turn = 0;
let found = 0; // how many results there are; null while the newest papers stand there without a search
let drawn = 0; // how many of them are shown
let pause = 0;
let answered = ""; // the search whose results are shown
let settled = true; // whether the reader has stopped typing
const everything = settings.counts; // how many there are without any search or filter

async function run() {
  const mine = ++turn;
  const term = words();
  clearTimeout(pause);
  drawChosen();
  if (state.reading) {
    await drawReading(mine);
    return;
  }
  try {
    if (!term && !chosen() && state.sort !== "oldest") {
      if (results.firstChild !== newest[0] || results.children.length !== newest.length) results.replaceChildren(...newest);
      found = null;
      drawn = newest.length;
      say(`${settings.total.toLocaleString("en")} papers, newest first`);
      count(mine, false);
      shownNow();
      return;
    }
    const how = { wanted: wanted(), sort: sorting() };
    const asked = JSON.stringify([term, how]);
    if (asked === answered && found !== null) { // a space, or a word that is too short to tell
      count(mine, true);
      shownNow();
      return;
    }
    const one = await named(state.query);
    const answer = one ? { total: 1, items: [one] } : await search(term || null, { ...how, limit: fitting });
    if (!answer || mine !== turn) return;
    answered = one ? "" : asked;
    found = answer.total;
    drawn = answer.items.length;
    results.replaceChildren(...answer.items.map((data) => card(data, term)));
    say(`${found.toLocaleString("en")} result${found === 1 ? "" : "s"}`);
    if (!found) drawEmpty(term);
    shownNow();
    if (drawn < FIRST) await draw(mine, FIRST).catch(() => { /* it is tried again with the counts */ });
    if (mine === turn) count(mine, !one);
  } catch (error) {
    if (mine !== turn) return;
    console.warn("search failed", error);
    say("The search could not be loaded");
    results.replaceChildren(element("div", { class: "empty" },
      element("p", {}, "The search index did not arrive. You may be offline, or the site is being updated."),
      element("button", { type: "button", class: "button", onclick: run }, "Try again")));
  }
}

// Counts how many of the results have each value; not while the reader types, and after the results are shown.
function count(mine, searched) {
  clearTimeout(pause);
  if (!searched) drawFilters(everything);
  pause = setTimeout(async () => {
    if (!settled) {
      settled = true;
      if (clean(state.query) !== typed(state.query)) {
        run();
        return;
      }
    }
    if (!searched || mine !== turn) return;
    const term = words() || null;
    try {
      const counts = { ...(await countAll(term, wanted())) };
      for (const key of KEYS) {
        if (mine !== turn) return;
        if (EITHER.has(key) && state.yes[key].size) counts[key] = (await countAll(term, wanted(key)))[key];
      }
      if (mine !== turn) return;
      drawFilters(counts);
      if (drawn <= FIRST) await draw(mine);
    } catch (error) {
      console.warn("counting failed", error);
    }
  }, PAUSE);
}

// The words searched for: the last one only once it is long enough to tell, or the reader has stopped typing.
const words = () => (settled ? clean(state.query) : typed(state.query));

const shownNow = () => results.dispatchEvent(new Event("shown")); // the results are those of what stands in the box

const say = (text) => { status.textContent = text; };

// Results -------------------------------------------------------------------------------------------------------------

// How many results are on the screen at most, before one scrolls.
let fitting = FIRST;
function fit() {
  const free = innerHeight - (results.getBoundingClientRect().top + scrollY);
  fitting = Math.max(1, Math.min(FIRST, Math.ceil(free / LOW)));
}

// Shows further results below those that are there, `to` so many in all.
let drawing = 0; // the search for which that is under way

async function draw(mine, to = drawn + PAGE) {
  if (drawing === mine || (found !== null && drawn >= found)) return;
  drawing = mine;
  try {
    if (found === null) { // beyond the newest papers that came with the page
      const answer = await search(null, { wanted: { kind: "paper" }, sort: { date: "desc" }, limit: 0 });
      if (!answer || mine !== turn) return;
      found = answer.total;
    }
    const items = await more(drawn, to);
    if (mine !== turn) return;
    results.append(...items.map((data) => card(data, words())));
    drawn += items.length;
  } finally {
    if (drawing === mine) drawing = 0;
  }
}

function card(data, query) {
  const kind = data.filters.kind?.[0] ?? "page";
  const meta = [
    kind === "paper" ? null : kindName(kind),
    data.meta.authors ? short(data.meta.authors) : null,
    day(data),
    data.filters.venue?.[0],
    data.filters.has?.includes("code") ? "code" : null,
    data.filters.status?.[0] === "auto" ? "sorted by the model" : null,
  ].filter(Boolean);
  const id = kind === "paper" ? data.raw_url.replace(/^\/papers\/|\/$/g, "") : data.raw_url.replace(/^\//, "");
  return element("article", { class: "card", "data-id": id },
    element("h3", { class: "card__title" }, element("a", { href: data.url }, highlight(data.meta.title, query))),
    element("p", { class: "card__meta" }, ...meta.map((text) => element("span", {}, highlight(text, query)))),
    element("p", { class: "card__summary" }, highlight(shown(data).slice(0, 320), query)),
    element("p", { class: "card__tags" }, ...(data.filters.category ?? []).map((slug, number) =>
      element("a", { class: `tag tag--${settings.groups[slug]}${number ? "" : " tag--primary"}`, href: href(`categories/${slug}/`) }, name("category", slug)))));
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

// The month is in an arXiv id; of other works the index of the search holds the year.
function day(data) {
  const year = data.filters.year?.[0];
  const id = data.raw_url.match(/^\/papers\/(\d\d)(\d\d)\./);
  const month = id && year?.endsWith(id[1]) ? MONTHS[Number(id[2]) - 1] : null;
  return [month, year].filter(Boolean).join(" ");
}

function short(authors) {
  const names = authors.split(", ");
  return names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : authors;
}

function drawEmpty(term) {
  const advice = element("ul", {});
  if (term) advice.append(element("li", {}, "Try fewer words, or only the beginning of a word that you are not sure of."));
  if (/"/.test(state.query)) advice.append(element("li", {}, "Take the quotes away to find the words in any order."));
  if (chosen()) advice.append(element("li", {}, element("button", { type: "button", class: "button button--small", onclick: clear }, "Remove all filters")));
  advice.append(element("li", {}, "A paper that is missing can be added: ", element("a", { href: href("about/contribute/") }, "tell us"), "."));
  results.replaceChildren(element("div", { class: "empty" }, element("p", {}, element("strong", {}, "Nothing fits.")), advice));
}

function clear() {
  for (const key of KEYS) {
    state.yes[key].clear();
    state.no[key].clear();
  }
  changed();
}

function changed(how = "pushState") {
  settled = true;
  remember(how);
  run();
}

// Filters -------------------------------------------------------------------------------------------------------------

const unfolded = new Set();
const looked = {}; // what was typed to find a value, by group
const openGroups = new Set(["kind", "category", "year", "goal", "model"]);

let plain = false; // whether the filters stand there as at the beginning

function drawFilters(counts) {
  const same = counts === everything && !chosen();
  if (same && plain) return;
  plain = same;
  const focus = document.activeElement?.closest?.("[data-filters] [data-focus]")?.dataset.focus;
  const scroll = filters.scrollTop;
  filters.replaceChildren(...KEYS.filter((key) => Object.keys(everything[key]).length).map((key) => group(key, counts[key] ?? {})));
  filters.scrollTop = scroll;
  if (focus) filters.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

function order(key, counts) {
  const values = Object.keys(everything[key]);
  const listed = Object.keys(settings.names[key]);
  if (key === "year") return values.sort().reverse();
  if (listed.length) return values.sort((a, b) => listed.indexOf(a) - listed.indexOf(b));
  return values.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || everything[key][b] - everything[key][a] || a.localeCompare(b));
}

function group(key, counts) {
  const values = order(key, counts);
  const box = element("details", { class: "facet", open: openGroups.has(key) || state.yes[key].size + state.no[key].size > 0 },
    element("summary", { "data-focus": `${key}:` }, settings.titles[key]));
  box.addEventListener("toggle", () => { if (box.open) openGroups.add(key); else openGroups.delete(key); });
  const rows = element("div", {});
  const fill = () => {
    const pattern = (looked[key] ?? "").toLowerCase();
    const fitting = values.filter((value) => name(key, value).toLowerCase().includes(pattern));
    const top = unfolded.has(key) || pattern ? fitting : fitting.filter((value, at) => at < SHORT || state.yes[key].has(value) || state.no[key].has(value));
    rows.replaceChildren(...top.slice(0, 200).map((value) => row(key, value, counts[value] ?? 0)));
    if (top.length < fitting.length) rows.append(element("button", { type: "button", class: "facet__more", "data-focus": `${key}:more`, onclick: () => { unfolded.add(key); fill(); } }, `${fitting.length - top.length} more`));
  };
  if (values.length > 30) {
    const look = element("input", { class: "facet__find", type: "search", "data-focus": `${key}:find`, "aria-label": `Find a value of ${settings.titles[key]}`, placeholder: "Find" });
    look.value = looked[key] ?? "";
    look.addEventListener("input", () => { looked[key] = look.value; fill(); });
    box.append(look);
  }
  fill();
  box.append(rows);
  return box;
}

function row(key, value, number) {
  const yes = state.yes[key].has(value);
  const no = state.no[key].has(value);
  const title = name(key, value);
  return element("div", { class: `facet__row${no ? " facet__row--not" : ""}` },
    element("button", { type: "button", class: "facet__value", "aria-pressed": String(yes), "data-focus": `${key}:${value}`, onclick: () => set(key, value, yes ? null : "yes") }, title),
    element("span", { class: "facet__count" }, number.toLocaleString("en")),
    element("button", { type: "button", class: "facet__not", "aria-pressed": String(no), "aria-label": `Exclude ${title}`, title: `Exclude ${title}`, "data-focus": `${key}:-${value}`, onclick: () => set(key, value, no ? null : "no") }, "−"));
}

function set(key, value, to) {
  state.yes[key].delete(value);
  state.no[key].delete(value);
  if (to) state[to][key].add(value);
  state.reading = false;
  changed();
}

function drawChosen() {
  const chips = KEYS.flatMap((key) => [
    ...[...state.yes[key]].map((value) => element("button", { type: "button", class: "chip", "aria-label": `Remove the filter ${settings.titles[key]}: ${name(key, value)}`, onclick: () => set(key, value, null) }, `${settings.titles[key]}: ${name(key, value)}`)),
    ...[...state.no[key]].map((value) => element("button", { type: "button", class: "chip chip--not", "aria-label": `Remove the filter not ${settings.titles[key]}: ${name(key, value)}`, onclick: () => set(key, value, null) }, `not ${settings.titles[key]}: ${name(key, value)}`)),
  ]);
  if (chips.length > 1) chips.push(element("button", { type: "button", class: "chip", onclick: clear }, "All filters"));
  find("active").replaceChildren(...chips);
  find("active").hidden = !chips.length;
  find("filters-count").textContent = chips.length ? ` (${chosen()})` : "";
  const kept = reading.all().length;
  find("reading-count").textContent = kept ? ` (${kept})` : "";
  find("reading").setAttribute("aria-pressed", String(state.reading));
  find("sort").value = state.sort;
  document.title = `${state.query ? `${state.query} · ` : ""}Explore · ${document.title.split(" · ").pop()}`;
}

// Reading list and BibTeX ---------------------------------------------------------------------------------------------

const isPaper = (id) => !id.includes("/") || /^[a-z-]+(\.[A-Z]{2})?\/\d{7}$/.test(id);

async function drawReading(mine) {
  const list = reading.all().reverse();
  found = 0;
  drawn = 0;
  answered = "";
  say(list.length ? `Your reading list: ${list.length}` : "Your reading list is empty");
  results.replaceChildren(...(list.length ? list.map((entry) => {
    const made = element("article", { class: "card", "data-id": entry.id },
      element("h3", { class: "card__title" }, element("a", { href: href(isPaper(entry.id) ? `papers/${entry.id}/` : entry.id) }, entry.title)));
    made.append(element("button", { type: "button", class: "button button--small", onclick: () => { reading.toggle(entry.id, entry.title); run(); } }, "Remove"));
    return made;
  }) : [element("div", { class: "empty" }, element("p", {}, "Press s on a result, or use the button on a paper's page, to keep it here. The list stays in this browser and is sent nowhere."))]));
  count(mine, false);
}

async function bibtex() {
  let ids;
  let total;
  if (state.reading) {
    ids = reading.all().map((entry) => entry.id).filter(isPaper);
    total = ids.length;
  } else {
    if (found === null) await draw(turn);
    total = found;
    const items = await more(0, BIBTEX_LIMIT);
    ids = items.filter((one) => one.filters.kind?.[0] === "paper").map((one) => one.raw_url.replace(/^\/papers\/|\/$/g, ""));
  }
  if (!ids.length) {
    toast("There is no paper among these");
    return;
  }
  toast(`Collecting ${ids.length.toLocaleString("en")} entries`);
  const entries = await Promise.all(ids.map(async (id) => {
    const answer = await fetch(href(`api/v1/papers/${id}.json`));
    return answer.ok ? (await answer.json()).bibtex : "";
  }));
  const text = entries.filter(Boolean).join("\n");
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "application/x-bibtex" })), download: "papers.bib" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  toast(total > BIBTEX_LIMIT && !state.reading ? `The first ${BIBTEX_LIMIT} of ${total.toLocaleString("en")}; whole topics are under Data and API` : `${entries.filter(Boolean).length} entries saved`);
}

// Events --------------------------------------------------------------------------------------------------------------

input.addEventListener("input", () => {
  state.query = input.value;
  state.reading = false;
  settled = false;
  remember();
  run();
});
place.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  changed("pushState");
});
find("sort").addEventListener("change", (event) => {
  state.sort = event.target.value;
  changed();
});
find("share").addEventListener("click", () => copy(new URL(address(), location.href).href, "Link copied"));
find("bibtex-all").addEventListener("click", () => bibtex().catch(() => toast("The entries could not be loaded")));
find("reading").addEventListener("click", () => {
  state.reading = !state.reading;
  changed();
});
watch(results, input);
const opener = find("filters-open");
opener.addEventListener("click", () => {
  const open = filters.toggleAttribute("data-open");
  opener.setAttribute("aria-expanded", String(open));
});
addEventListener("popstate", () => {
  settled = true;
  read();
  input.value = state.query;
  run();
});
new IntersectionObserver((entries) => {
  if (settled && !state.reading && entries.some((entry) => entry.isIntersecting) && (found === null || drawn < found)) draw(turn).catch(() => { /* the next scroll tries again */ });
}, { rootMargin: "600px" }).observe(find("more"));

let current = -1;
addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey) {
    if (event.key === "k" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      input.focus();
    }
    return;
  }
  if (event.key === "Escape" && event.target === input) input.blur();
  if (event.target === input && event.key === "ArrowDown") step(1, event);
  if (typing(event)) return;
  if (event.key === "/") {
    event.preventDefault();
    input.focus();
    input.select();
  } else if (event.key === "j") step(1, event);
  else if (event.key === "k") step(-1, event);
  else if (event.key === "s") {
    const card = document.activeElement?.closest?.(".card") ?? results.children[current];
    const link = card?.querySelector("h3 a");
    if (link) {
      toast(reading.toggle(card.dataset.id, link.textContent) ? "Kept on your reading list" : "Taken off your reading list");
      drawChosen();
    }
  }
});

function step(by, event) {
  const cards = [...results.children].filter((child) => child.matches(".card"));
  if (!cards.length) return;
  event.preventDefault();
  current = cards.indexOf(document.activeElement?.closest?.(".card")) + by;
  current = Math.max(0, Math.min(cards.length - 1, current));
  for (const card of cards) card.classList.toggle("card--current", card === cards[current]);
  cards[current].querySelector("a")?.focus({ preventScroll: true });
  cards[current].scrollIntoView({ block: "nearest" });
}

addEventListener("resize", fit);
input.addEventListener("focus", () => warm(), { once: true });
fit();
read();
input.value = state.query;
drawFilters(everything);
run();
