// The one search of the site: Pagefind's index of papers, other resources and guides, loaded when it is first needed.
import { root } from "./base.js";

const settings = {
  baseUrl: root.pathname,
  ranking: { metaWeights: { title: 6, authors: 3, prominent: 16 }, pageLength: 0.3 },
};

// Letters that a word needs before it is searched for while it is still being typed; one more where there is very much.
let least = 3;
const MANY = 20_000;

// A thread that answers tasks; made anew after one that could not be started.
class Thread {
  #worker = null;
  #waiting = new Map();
  #turn = 0;

  ask(task, rest = {}) {
    if (!this.#worker) {
      this.#worker = new Worker(new URL("finder-worker.js", import.meta.url), { type: "module" });
      this.#worker.addEventListener("message", ({ data: { turn, answer, error } }) => {
        const { resolve, reject } = this.#waiting.get(turn);
        this.#waiting.delete(turn);
        if (answer?.pages > MANY) least = 4;
        if (error) reject(new Error(error)); else resolve(answer);
      });
      this.#worker.addEventListener("error", () => {
        for (const { reject } of this.#waiting.values()) reject(new Error("the search could not be started"));
        this.#waiting.clear();
        this.#worker.terminate();
        this.#worker = null;
      });
    }
    this.#turn += 1;
    const turn = this.#turn;
    return new Promise((resolve, reject) => {
      this.#waiting.set(turn, { resolve, reject });
      this.#worker.postMessage({ turn, task, settings, ...rest });
    });
  }
}

const finding = new Thread();
// Counting has its own: once the filters' files are loaded, each search counts every value, and a keystroke would wait for it.
const counting = new Thread();

// {total, items} of the `limit` best results, or null if a newer search came in between.
export const search = (term, { wanted = {}, sort = {}, limit = 10 } = {}) => finding.ask("search", { term, wanted, sort, limit });

// Further results of the newest search.
export const more = async (from, to) => (await finding.ask("more", { from, to })).items;

// How many of the results have each value of each filter.
export const count = (term, wanted) => counting.ask("count", { term, wanted });

// Gets the thread going before the first keystroke, and what it needs for words that begin with a term before it is searched for.
export const warm = (term = "") => finding.ask("prepare", { term }).catch(() => { /* said when something is searched for */ });

export const KINDS = { paper: "Paper", method: "Method guide", guide: "Guide", topic: "Topic", page: "Page" };

export const kindName = (kind) => KINDS[kind] ?? kind.replace(/-/g, " ").replace(/^./, (letter) => letter.toUpperCase());

const ARXIV = /(?:https?:\/\/)?(?:www\.)?(?:arxiv\.org\/(?:abs|pdf|html)\/|arxiv:)?(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?\/\d{7})(?:v\d+)?(?:\.pdf)?/i;

// Words by which people describe what they look for, but which tell nothing about it.
const ASIDE = new Set(("a about am an and are article articles as at be been by can did do does exists find finding finds for found from get "
  + "has have how i in is it its looking me my of on one ones or paper papers showed showing shown shows some something that the "
  + "their them there they this those to was we were what when where which who whose why with work works would you").split(" "));

// The words to search for. Every one of them has to be there, so what only makes a sentence of them is left out, unless there is
// nothing else, or the reader wants the exact words by quotes.
export function clean(query) {
  const words = query.trim().split(/\s+/);
  const telling = words.filter((word) => !ASIDE.has(word.toLowerCase().replace(/[?!.,;:]+$/, "")));
  return /"/.test(query) || !telling.length ? query.trim() : telling.join(" ");
}

// The paper that a query names by its arXiv id or address, if the index has it: it needs no search.
export async function named(query) {
  const id = query.trim().match(new RegExp(`^${ARXIV.source}$`, "i"))?.[1];
  if (!id) return null;
  const answer = await fetch(new URL(`api/v1/papers/${id}.json`, root)).catch(() => null);
  if (!answer?.ok) return null;
  const paper = await answer.json();
  return {
    url: new URL(`papers/${id}/`, root).pathname,
    raw_url: `/papers/${id}/`,
    meta: { title: paper.title, authors: (paper.authors ?? []).join(", ") },
    content: paper.summary ?? "",
    filters: { kind: ["paper"], category: paper.categories, year: [paper.date.slice(0, 4)], status: [paper.status], venue: paper.venue ? [paper.venue] : undefined },
  };
}

// What to search for while a word is still being typed. Pagefind finds words by their beginnings, and the beginning of one or
// two letters fits nearly everything: such a word waits for its next letter, or for the reader to pause. One letter
// before, what the next one needs is fetched.
export function typed(query) {
  const term = clean(query);
  if (/["]/.test(term)) return term;
  const [, before, last] = term.match(/^(?:(.*\S)\s+)?(\S+)$/) ?? [];
  if (!last || last.length >= least) return term;
  if (last.length === least - 1) warm(last);
  return before ?? "";
}

// Of what is indexed of a result, the sentence that readers see: the rest (keywords, models, id) stands behind a pilcrow.
export const shown = (data) => data.content.split(/(?:^| )¶ /)[0];
