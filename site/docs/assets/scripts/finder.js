// The one search of the site: Pagefind's index of papers, other resources and guides, loaded when it is first needed.
import { root } from "./base.js";

let loading = null;

export function finder() {
  loading ??= (async () => {
    const pagefind = await import(new URL("pagefind/pagefind.js", root).href);
    // no excerpt is cut: summaries are short
    await pagefind.options({
      baseUrl: root.pathname,
      excerptLength: 45,
      ranking: { metaWeights: { title: 6, authors: 3, date: 0.1 }, pageLength: 0.3 },
      metaCacheTag: document.documentElement.dataset.build ?? null,
    });
    await pagefind.init();
    return pagefind;
  })().catch((error) => {
    loading = null; // the next keystroke tries again
    throw error;
  });
  return loading;
}

export const KINDS = { paper: "Paper", method: "Method guide", guide: "Guide", topic: "Topic", page: "Page" };

export const kindName = (kind) => KINDS[kind] ?? kind.replace(/-/g, " ").replace(/^./, (letter) => letter.toUpperCase());

// What a reader typed, as Pagefind wants it: of an arXiv address or versioned id only the id is left, which is indexed.
export const clean = (query) => query.replace(/(?:https?:\/\/)?arxiv\.org\/(?:abs|pdf)\//i, "").replace(/^arxiv:/i, "").replace(/(\d{4}\.\d{4,5})v\d+/i, "$1").trim();

// Of what is indexed of a result, the sentence that readers see: the rest (keywords, models, id) stands behind a pilcrow.
export const shown = (data) => data.raw_content !== undefined ? unescape(data.raw_content.split(" ¶ ")[0]) : data.content.split(" ¶ ")[0];

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">");
