// What the other scripts share: where the site begins, small helpers, and the reading list kept in this browser.
export const root = new URL("../../", import.meta.url);

export const href = (path) => new URL(path.replace(/^\//, ""), root).href;

// Makes an element; text is always text, never markup.
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function toast(text) {
  document.querySelector(".toast")?.remove();
  const made = element("div", { class: "toast", role: "status" }, text);
  document.body.append(made);
  setTimeout(() => made.remove(), 2600);
}

export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast("The browser did not allow copying");
  }
}

const KEY = "reading-list";

// The reading list: [{id, title}], oldest first. An id is a paper's id, or the path of another page of the index.
export const reading = {
  all() {
    try {
      const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(list) ? list.filter((entry) => typeof entry?.id === "string" && typeof entry?.title === "string") : [];
    } catch {
      return [];
    }
  },
  has(id) {
    return this.all().some((entry) => entry.id === id);
  },
  toggle(id, title) {
    const list = this.all();
    const at = list.findIndex((entry) => entry.id === id);
    if (at >= 0) list.splice(at, 1); else list.push({ id, title });
    try {
      localStorage.setItem(KEY, JSON.stringify(list));
    } catch {
      toast("The browser does not let the site keep a list");
      return this.has(id);
    }
    return at < 0;
  },
};

export const typing = (event) => event.target instanceof Element && event.target.matches("input, textarea, select, [contenteditable]");

// Marks in a plain text the words that begin with what was searched for.
export function highlight(text, query) {
  const words = query.toLowerCase().replace(/"/g, " ").split(/\s+/).filter((word) => word.length > 1);
  if (!words.length) return document.createTextNode(text);
  const pattern = new RegExp(`\\b(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "giu");
  const out = document.createDocumentFragment();
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    out.append(text.slice(last, match.index), element("mark", {}, match[0]));
    last = match.index + match[0].length;
  }
  out.append(text.slice(last));
  return out;
}
