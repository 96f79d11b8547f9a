// The one search of the site: Pagefind's index of papers, other resources and guides, loaded when it is first needed.
import { root } from "./base.js";

const settings = {
  baseUrl: root.pathname,
  ranking: { metaWeights: { title: 6, authors: 3, date: 0.1 }, pageLength: 0.3 },
};

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

// {total, unfiltered, items} of the `limit` best results, or null if a newer search came in between.
export const search = (term, { wanted = {}, sort = {}, limit = 10 } = {}) => finding.ask("search", { term, wanted, sort, limit });

// Further results of the newest search.
export const more = async (from, to) => (await finding.ask("more", { from, to })).items;

// Whether any document holds the words.
export const known = (term) => counting.ask("known", { term });

// How many of the results have each value of each filter.
export const count = (term, wanted) => counting.ask("count", { term, wanted });

// Gets the thread going before the first keystroke.
export const warm = () => finding.ask("more", { from: 0, to: 0 }).catch(() => { /* said when something is searched for */ });

export const KINDS = { paper: "Paper", method: "Method guide", guide: "Guide", topic: "Topic", page: "Page" };

export const kindName = (kind) => KINDS[kind] ?? kind.replace(/-/g, " ").replace(/^./, (letter) => letter.toUpperCase());

// What a reader typed, as Pagefind wants it: of an arXiv address or versioned id only the id is left, which is indexed.
export const clean = (query) => query.replace(/(?:https?:\/\/)?arxiv\.org\/(?:abs|pdf)\//i, "").replace(/^arxiv:/i, "").replace(/(\d{4}\.\d{4,5})v\d+/i, "$1").trim();

// What to search for while a word is still being typed. Pagefind finds words by their beginnings, and the beginning of one or
// two letters fits nearly everything: such a word waits for its next letter, or, standing alone, is searched as it is.
export function typed(query) {
  const term = clean(query);
  if (/["]/.test(term)) return term;
  const short = term.match(/^(?:(.*\S)\s+)?(\S{1,2})$/);
  if (!short) return term;
  if (short[1]) return short[1];
  return short[2].length === 2 ? `"${short[2]}"` : "";
}

// Of what is indexed of a result, the sentence that readers see: the rest (keywords, models, id) stands behind a pilcrow.
export const shown = (data) => data.content.split(" ¶ ")[0];
