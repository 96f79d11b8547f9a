// Pagefind, in a thread of its own. Only the results that are shown cross over to the page: a search of a common word has
// thousands, and handing each of them over (as Pagefind's own worker does) takes longer than finding them.
import { destroy, init, mergeIndex, options, preload, search as find, filters } from "../../pagefind/pagefind.js";

const folder = new URL("../../pagefind/", import.meta.url);

const LETTERS = [..."0123456789abcdefghijklmnopqrstuvwxyz"];
const gathered = new Set(); // the words for which that is done

let ready = null;
let results = []; // of the newest search
let newest = 0;
let pages = 0; // how many documents there are
let several = false; // whether the index has more than one part

const loaded = (settings) => {
  ready ??= (async () => {
    const layout = fetch(new URL("parts.json", folder)).then((answer) => answer.json());
    await options(settings);
    await init();
    const { parts, documents } = await layout;
    // A hair's difference in weight puts equals in order: documents were dealt out to the parts by date, the newest last.
    await Promise.all(Array.from({ length: parts - 1 }, (_, at) =>
      mergeIndex(new URL(`${at + 2}/`, folder).href, { ...settings, indexWeight: 1 + (at + 1) * 1e-9 })));
    pages = documents;
    several = parts > 1;
  })();
  return ready;
};

// Each of several parts has a document, no result, that holds the words of the others: without it, Pagefind would forgive in one
// part a spelling that is right in another.
const real = (wanted) => (several ? { all: [...(Object.keys(wanted).length ? [wanted] : []), { none: [{ words: "1" }] }] } : wanted);

const slim = ({ url, raw_url, meta, filters: values, content }) => ({ url, raw_url, meta, filters: values, content });

const slice = async (from, to) => (await Promise.all(results.slice(from, to).map((result) => result.data()))).map(slim);

// Loads all chunks of the index in which words begin as the words of a term do. Pagefind by itself loads the chunk in which a
// word stands or would stand, and does not find the longer words behind that chunk's border.
async function gather(term) {
  const words = term && !term.includes('"') ? term.split(/\s+/).filter((word) => !gathered.has(word)) : [];
  if (!words.length) return;
  await preload(words.flatMap((word) => [word, ...LETTERS.map((letter) => word + letter)]).join(" "));
  for (const word of words) gathered.add(word);
}

// Lets the messages come in that arrived while the thread was busy.
const breathe = () => new Promise((resolve) => { setTimeout(resolve); });

const tasks = {
  // The best results; null if a newer search came in, at best before this one was begun.
  async search(turn, { term, wanted, sort, limit }) {
    newest = turn;
    await breathe();
    if (turn !== newest) return null;
    await gather(term);
    const answer = await find(term, { filters: real(wanted), sort });
    if (turn !== newest) return null;
    results = answer.results;
    return { pages, total: results.length, items: await slice(0, limit) };
  },
  async more(turn, { from, to }) {
    return { pages, items: await slice(from, to) };
  },
  // Gets the part of the index that holds the words that begin so.
  async prepare(turn, { term }) {
    await gather(term);
    return { pages };
  },
  async count(turn, { term, wanted }) {
    await Promise.all([filters(), gather(term)]);
    return (await find(term, { filters: real(wanted) })).filters;
  },
};

addEventListener("message", async ({ data: { turn, task, settings, ...rest } }) => {
  try {
    await loaded(settings);
    postMessage({ turn, answer: await tasks[task](turn, rest) });
  } catch (error) {
    ready = null; // the next task tries again, from the beginning
    gathered.clear();
    await destroy();
    postMessage({ turn, error: String(error) });
  }
});
