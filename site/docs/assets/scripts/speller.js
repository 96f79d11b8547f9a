// What to search for instead where there is little or nothing that fits: words of the index that are spelled nearly so, or the search
// without one of its words. It waits until the reader is still, and loads the words only then.
import { element, href } from "./base.js";
import { clean, count } from "./finder.js";

const FEW = 3; // with so many results there is nothing to propose
const MOST = 3; // proposals at most
const PAUSE = 400; // milliseconds
const LONG = 8; // letters from which a word may differ in two places

let loaded = null; // the words, the most frequent first

function vocabulary() {
  loaded ??= fetch(href("search/words.txt")).then(async (answer) => {
    if (!answer.ok) throw new Error(`the list of words answered ${answer.status}`);
    return (await answer.text()).split("\n");
  });
  loaded.catch(() => { loaded = null; });
  return loaded;
}

// How many letters have to be changed, left out, put in or swapped with the next (optimal string alignment); more than `most`
// is not counted.
export function distance(a, b, most) {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    if (Math.min(...row) > most) return most + 1;
    before = last;
    last = row;
  }
  return last[b.length];
}

// The word of the list that was most likely meant, or the word itself.
export function nearest(word, list) {
  const meant = word.toLowerCase();
  if (meant.length < 4 || list.includes(meant)) return word;
  let least = meant.length < LONG ? 2 : 3;
  let best = word;
  for (const other of list) { // among equals the first, which is the most frequent
    const far = distance(meant, other, least - 1);
    if (far < least) {
      least = far;
      best = other;
      if (least === 1) break;
    }
  }
  return best;
}

const total = async (query) => Object.values((await count(query, {})).kind ?? {}).reduce((sum, number) => sum + number, 0);

// What to search for instead of a search with `shown` results: [{query, total, spelled}].
export async function proposals(query, shown) {
  const words = clean(query).split(/\s+/).filter(Boolean);
  if (!words.length || /"/.test(query)) return [];
  const list = await vocabulary();
  const isKnown = (word) => word.length < 4 || list.some((other) => other.startsWith(word.toLowerCase()));
  const few = shown < FEW;
  // Of a word that it does not know, Pagefind takes a beginning that it does, which may be anything: then results are no proof.
  const spelled = words.map((word) => few || !isKnown(word) ? nearest(word, list) : word);
  const meant = spelled.join(" ");
  if (meant !== words.join(" ")) {
    const found = await total(meant);
    if (found > (few ? shown : 0)) return [{ query: meant, total: found, spelled: true }];
  }
  if (!few || spelled.length < 2 || spelled.length > 6) return [];
  const known = spelled.map(isKnown);
  const fewer = spelled.map((_, at) => spelled.toSpliced(at, 1).join(" ")).filter((_, at) => known.every((one, other) => one || other === at));
  const all = await Promise.all([...new Set(fewer)].map(async (one) => ({ query: one, total: await total(one), spelled: false })));
  return all.filter((one) => one.total > shown).sort((a, b) => a.total - b.total).slice(0, MOST);
}

function link({ query, total: found }) {
  const address = new URL(location.href);
  address.searchParams.set("q", query);
  return [element("a", { href: address.href }, query), ` (${found.toLocaleString("en")})`];
}

// Whether every word of the search is marked in some result.
function seen(query, results) {
  const marked = [...results.querySelectorAll("mark")].map((mark) => mark.textContent.toLowerCase());
  return query.toLowerCase().replaceAll('"', " ").split(/\s+/).every((word) => word.length < 4 || marked.some((text) => text.startsWith(word)));
}

// Watches a list of results: after each `shown` event it proposes above the list what would find more.
export function watch(results, input) {
  let waiting = 0;
  let turn = 0;
  let said = null;
  results.addEventListener("shown", () => {
    const mine = ++turn;
    const shown = results.querySelectorAll(".card").length;
    clearTimeout(waiting);
    said?.remove();
    said = null;
    if (!input.value.trim() || (shown >= FEW && seen(clean(input.value), results))) return;
    waiting = setTimeout(async () => {
      try {
        const found = await proposals(input.value, shown);
        if (mine !== turn || !found.length) return;
        const links = found.flatMap((one, at) => [at ? ", " : "", ...link(one)]);
        said = element("p", { class: "suggest", role: "status" }, found[0].spelled ? "Did you mean " : "Without one of the words: ", ...links, found[0].spelled ? "?" : "");
        results.before(said);
      } catch (error) {
        console.warn("nothing can be proposed", error);
      }
    }, PAUSE);
  });
}
