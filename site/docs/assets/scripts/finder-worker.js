// Pagefind, in a thread of its own. Only the results that are shown cross over to the page: a search of a common word has
// thousands, and handing each of them over (as Pagefind's own worker does) takes longer than finding them.
import { init, options, search as find, filters } from "../../pagefind/pagefind.js";

let ready = null;
let results = []; // of the newest search
let newest = 0;
let pages = 0; // how many documents there are

const loaded = (settings) => {
  ready ??= (async () => {
    await options(settings);
    await init();
    const entry = await fetch(new URL("../../pagefind/pagefind-entry.json", import.meta.url));
    pages = Object.values((await entry.json()).languages).reduce((sum, language) => sum + language.page_count, 0);
  })();
  return ready;
};

const slim = ({ url, raw_url, meta, filters: values, content }) => ({ url, raw_url, meta, filters: values, content });

const slice = async (from, to) => (await Promise.all(results.slice(from, to).map((result) => result.data()))).map(slim);

const tasks = {
  async search(turn, { term, wanted, sort, limit }) {
    newest = turn;
    const answer = await find(term, { filters: wanted, sort });
    if (turn !== newest) return null;
    results = answer.results;
    return { pages, total: results.length, items: await slice(0, limit) };
  },
  async more(turn, { from, to }) {
    return { pages, items: await slice(from, to) };
  },
  async count(turn, { term, wanted }) {
    await filters();
    return (await find(term, { filters: wanted })).filters;
  },
};

addEventListener("message", async ({ data: { turn, task, settings, ...rest } }) => {
  try {
    await loaded(settings);
    postMessage({ turn, answer: await tasks[task](turn, rest) });
  } catch (error) {
    ready = null; // the next task tries again
    postMessage({ turn, error: String(error) });
  }
});
