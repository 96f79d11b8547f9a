// On every page: the search dialog, light and dark, copying, the reading list, the drawer by keyboard.
import { copy, element, highlight, href, reading, typing } from "./base.js";
import { kindName, named, search as find, shown, typed, warm } from "./finder.js";

// Light and dark
const button = document.querySelector("[data-scheme-switch]");
if (button) {
  const root = document.documentElement;
  const name = () => button.setAttribute("aria-label", `Switch to the ${root.hasAttribute("data-dark") ? "light" : "dark"} scheme`);
  button.hidden = false;
  name();
  button.addEventListener("click", () => {
    const next = root.hasAttribute("data-dark") ? "light" : "dark";
    try { localStorage.setItem("scheme", next); } catch { root.dataset.scheme = next; }
    root.dispatchEvent(new Event("scheme"));
    name();
  });
}

// The drawer: its button opens it and goes to its first link, Escape closes it
const drawer = document.querySelector("#__drawer");
const menu = document.querySelector("[data-drawer-button]");
drawer?.addEventListener("change", () => menu?.setAttribute("aria-expanded", String(drawer.checked)));
menu?.addEventListener("click", () => {
  drawer.checked = !drawer.checked;
  drawer.dispatchEvent(new Event("change"));
  if (drawer.checked) document.querySelector(".side a")?.focus();
});

// Copying
for (const copier of document.querySelectorAll("[data-copy='bibtex']")) {
  copier.hidden = false;
  copier.addEventListener("click", () => copy(document.querySelector("[data-bibtex]").textContent, "BibTeX copied"));
}
for (const code of document.querySelectorAll(".highlight pre > code")) {
  code.tabIndex = 0; // long lines scroll, by keyboard too
  code.parentElement.append(element("button", { type: "button", class: "copy", onclick: () => copy(code.textContent, "Code copied") }, "Copy"));
}

// Tables of hand-written pages scroll where they are too wide, by keyboard too
for (const table of document.querySelectorAll(".md-content__inner > table")) table.tabIndex = 0;

// Reading list
for (const keeper of document.querySelectorAll("[data-keep]")) {
  const show = (kept) => {
    keeper.setAttribute("aria-pressed", String(kept));
    keeper.textContent = kept ? "On your reading list" : "Add to reading list";
  };
  keeper.hidden = false;
  show(reading.has(keeper.dataset.keep));
  keeper.addEventListener("click", () => show(reading.toggle(keeper.dataset.keep, keeper.dataset.keepTitle)));
}

// One hit of the search, as a link
function hit(data, query) {
  return element(
    "a", { class: "hit", href: data.url },
    element("span", { class: "hit__kind" }, kindName(data.filters.kind?.[0] ?? "page"), data.filters.year ? `, ${data.filters.year[0]}` : ""),
    element("span", { class: "hit__title" }, highlight(data.meta.title, query)),
    element("span", { class: "hit__text" }, highlight(shown(data).slice(0, 160), query)),
  );
}

let turn = 0;

// Shows the best hits for a query in `place`; a later call wins over one that is still under way.
async function search(query, place, limit = 8) {
  const mine = ++turn;
  const term = typed(query);
  if (!term || term === place.dataset.term) {
    if (!term) place.replaceChildren();
    place.dataset.term = term;
    place.dispatchEvent(new Event("shown"));
    return;
  }
  try {
    const one = await named(query);
    const found = one ? { total: 1, items: [one] } : await find(term, { limit });
    if (!found || mine !== turn) return;
    const links = found.items.map((data) => hit(data, term));
    if (!links.length) links.push(element("p", { class: "dialog__note" }, `Nothing found for “${query}”. Fewer or shorter words find more.`));
    else links.push(element("a", { class: "hit hit--all", href: `${href("explore/")}?${new URLSearchParams({ q: query })}` }, `All ${found.total.toLocaleString("en")} results, with filters`));
    place.replaceChildren(...links);
    place.dataset.term = term;
    place.dispatchEvent(new Event("shown"));
  } catch {
    place.replaceChildren(element("p", { class: "dialog__note" }, "The search index could not be loaded. Try again, or browse the topics."));
  }
}

// The dialog, made when it is first opened
let dialog = null;

function open(first = "") {
  if (!dialog) {
    const results = element("div", { class: "dialog__results", id: "search-results", "aria-live": "polite" });
    const input = element("input", { type: "search", "aria-label": "Search papers, guides, libraries", placeholder: "Search papers, guides, libraries", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-controls": "search-results" });
    dialog = element("dialog", { class: "dialog", "aria-label": "Search" },
      element("form", { class: "dialog__bar", role: "search" }, input, element("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close")),
      results,
      element("p", { class: "dialog__note" }, "Arrow keys choose, Enter opens, Escape closes."));
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = results.querySelector(".hit--current") ?? results.querySelector(".hit");
      if (chosen && results.dataset.term === typed(input.value)) chosen.click();
      else if (input.value.trim()) location.href = `${href("explore/")}?${new URLSearchParams({ q: input.value })}`;
    });
    input.addEventListener("input", () => search(input.value, results));
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      const hits = [...results.querySelectorAll(".hit")];
      if (!hits.length) return;
      const at = hits.findIndex((one) => one.classList.contains("hit--current"));
      hits[at]?.classList.remove("hit--current");
      const next = hits[(at + (event.key === "ArrowDown" ? 1 : -1) + hits.length) % hits.length];
      next.classList.add("hit--current");
      next.scrollIntoView({ block: "nearest" });
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
  }
  const input = dialog.querySelector("input");
  dialog.showModal();
  input.value = first || input.value;
  input.focus();
  input.select();
  warm();
}

for (const opener of document.querySelectorAll("[data-search-open]")) {
  opener.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || document.querySelector("[data-explore]")) return;
    event.preventDefault();
    open();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drawer?.checked) {
    drawer.checked = false;
    drawer.dispatchEvent(new Event("change"));
    menu?.focus();
  }
  const wanted = (event.key === "/" && !typing(event) && !event.metaKey && !event.ctrlKey && !event.altKey) || (event.key === "k" && (event.metaKey || event.ctrlKey));
  if (!wanted || document.querySelector("[data-explore]") || dialog?.open) return;
  event.preventDefault();
  open();
});

// The 404 page searches for the words of the address that was not found
const missing = document.querySelector("[data-missing-results]");
if (missing) {
  const words = decodeURIComponent(location.pathname).replace(/\.html$/, "").split("/").filter(Boolean).pop()?.replace(/[-_]+/g, " ") ?? "";
  const input = document.querySelector("#missing-query");
  input.value = words;
  input.addEventListener("input", () => search(input.value, missing));
  search(words, missing, 5);
}
