// The map: every paper a dot. Dots of one group are drawn as one path, so that a frame stays far below 8 ms with thousands.
import { href } from "./base.js";

const place = document.querySelector("[data-map]");
const canvas = place.querySelector("[data-map-canvas]");
const context = canvas.getContext("2d");
const tip = place.querySelector("[data-map-tip]");
const status = place.querySelector("[data-map-status]");
const looker = place.querySelector("[data-map-find]");

let data = null;
let groups = new Map(); // indices of the dots by the colour of their topic
let cells = null; // a grid over the map, so that the dot under the pointer is found without looking at all
let hits = null; // indices of the dots that the reader looks for
let hover = -1;
let planned = false;
const view = { x: 0.5, y: 0.5, zoom: 1 };
const CELLS = 64;
const colours = {};

const size = { width: 0, height: 0, ratio: 1 };
const span = { x: 1, y: 1 }; // of the dots, as shares of the plane
// at zoom 1 all dots fit into the frame, whatever its shape, with a little room around them
const scale = () => Math.min((size.width - 24) / span.x, ((size.height - 24) * 1.2) / span.y) * view.zoom;
const toX = (x) => (x / 10_000 - view.x) * scale() + size.width / 2;
const toY = (y) => (y / 10_000 - view.y) * scale() / 1.2 + size.height / 2;
const fromX = (x) => ((x - size.width / 2) / scale() + view.x) * 10_000;
const fromY = (y) => ((y - size.height / 2) / (scale() / 1.2) + view.y) * 10_000;

function readColours() {
  const probe = document.createElement("span");
  place.append(probe);
  for (const name of ["ink", "dim", "raised", "signal", "rule", ...groups.keys()]) {
    probe.className = `colour--${name}`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

function resize() {
  const box = canvas.getBoundingClientRect();
  size.width = box.width;
  size.height = box.height;
  size.ratio = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.round(box.width * size.ratio);
  canvas.height = Math.round(box.height * size.ratio);
  plan();
}

function plan() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

function draw() {
  if (!data) return;
  const begun = performance.now();
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const radius = Math.max(1.2, Math.min(5, 1.5 * Math.sqrt(view.zoom) * (data.id.length > 20_000 ? 0.7 : 1)));
  const side = radius * 1.8;
  const chosen = hits && new Set(hits);
  groups.forEach((members, hue) => {
    context.fillStyle = colours[hue];
    context.globalAlpha = hits ? 0.16 : 0.72;
    context.beginPath();
    for (const at of members) {
      const x = toX(data.x[at]);
      const y = toY(data.y[at]);
      if (x < -9 || y < -9 || x > size.width + 9 || y > size.height + 9) continue;
      if (radius < 2.4) context.rect(x - side / 2, y - side / 2, side, side);
      else {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 6.2832);
      }
    }
    context.fill();
  });
  context.globalAlpha = 1;
  if (chosen) {
    context.fillStyle = colours.signal;
    context.beginPath();
    for (const at of chosen) {
      context.moveTo(toX(data.x[at]) + radius + 1.5, toY(data.y[at]));
      context.arc(toX(data.x[at]), toY(data.y[at]), radius + 1.5, 0, 6.2832);
    }
    context.fill();
  }
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.3;
  context.beginPath();
  for (const at of data.landmark) {
    const x = toX(data.x[at]);
    const y = toY(data.y[at]);
    context.moveTo(x + radius + 2, y);
    context.arc(x, y, radius + 2, 0, 6.2832);
  }
  context.stroke();
  labels();
  if (hover >= 0) {
    context.strokeStyle = colours.signal;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(toX(data.x[hover]), toY(data.y[hover]), radius + 4, 0, 6.2832);
    context.stroke();
  }
  canvas.dataset.frame = (performance.now() - begun).toFixed(2);
}

// Names of the regions, the largest first; one that would cover another is left out until the reader zooms in.
function labels() {
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const taken = [];
  for (const topic of data.regions) {
    const big = size.width > 600 ? 14 : 11;
    context.font = `700 ${big}px ${getComputedStyle(place).fontFamily}`;
    const x = toX(topic.at[0] * 10_000);
    const y = toY(topic.at[1] * 10_000);
    const half = context.measureText(topic.title).width / 2 + 4;
    if (x < -half || y < 0 || x > size.width + half || y > size.height) continue;
    if (taken.some((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - y) < big * 1.6)) continue;
    taken.push({ x, y, half });
    context.strokeStyle = colours.raised;
    context.lineWidth = 4;
    context.strokeText(topic.title, x, y);
    context.fillStyle = colours.ink;
    context.fillText(topic.title, x, y);
  }
}

function grid() {
  cells = new Map();
  data.x.forEach((x, at) => {
    const key = cell(x, data.y[at]);
    const list = cells.get(key);
    if (list) list.push(at); else cells.set(key, [at]);
  });
}

const cell = (x, y) => Math.floor(x * CELLS / 10_000) * 1000 + Math.floor(y * CELLS / 10_000);

function nearest(px, py, reach = 12) {
  const x = fromX(px);
  const y = fromY(py);
  const far = Math.max(1, Math.ceil((reach / scale()) * CELLS));
  let best = -1;
  let least = reach * reach;
  for (let i = -far; i <= far; i += 1) {
    for (let j = -far; j <= far; j += 1) {
      for (const at of cells.get(cell(x + (i * 10_000) / CELLS, y + (j * 10_000) / CELLS)) ?? []) {
        const dx = toX(data.x[at]) - px;
        const dy = toY(data.y[at]) - py;
        if (dx * dx + dy * dy < least) {
          least = dx * dx + dy * dy;
          best = at;
        }
      }
    }
  }
  return best;
}

function show(at) {
  if (at === hover) return;
  hover = at;
  tip.hidden = at < 0;
  canvas.classList.toggle("map__canvas--over", at >= 0);
  if (at >= 0) {
    const title = document.createElement("b");
    title.textContent = data.title[at];
    tip.replaceChildren(title, `${data.topics[data.topic[at]].title}, ${data.date[at].slice(0, 4)}`);
    const x = toX(data.x[at]);
    const y = toY(data.y[at]);
    const left = x > size.width - 280 ? x - tip.offsetWidth - 14 : x + 14;
    const top = y > size.height - 90 ? y - tip.offsetHeight - 10 : y + 10;
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
  plan();
}

function zoom(by, px = size.width / 2, py = size.height / 2) {
  const x = fromX(px) / 10_000;
  const y = fromY(py) / 10_000;
  view.zoom = Math.max(0.8, Math.min(60, view.zoom * by));
  view.x += x - fromX(px) / 10_000;
  view.y += y - fromY(py) / 10_000;
  show(-1);
  plan();
}

function home() {
  Object.assign(view, { x: data.middle[0], y: data.middle[1], zoom: 1 });
  plan();
}

const open = (at) => { location.href = href(`papers/${data.id[at]}/`); };

const pointers = new Map();
let moved = 0;
let spread = 0;

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  if (!data) return;
  const last = pointers.get(event.pointerId);
  if (!last) {
    show(nearest(event.offsetX, event.offsetY));
    return;
  }
  const now = { x: event.offsetX, y: event.offsetY };
  pointers.set(event.pointerId, now);
  if (pointers.size === 2) {
    const [a, b] = [...pointers.values()];
    const distance = Math.hypot(a.x - b.x, a.y - b.y);
    if (spread) zoom(distance / spread, (a.x + b.x) / 2, (a.y + b.y) / 2);
    spread = distance;
    moved = 99;
    return;
  }
  moved += Math.abs(now.x - last.x) + Math.abs(now.y - last.y);
  view.x -= (now.x - last.x) / scale();
  view.y -= (now.y - last.y) / (scale() / 1.2);
  if (moved > 4) show(-1);
  plan();
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => {
    pointers.delete(event.pointerId);
    spread = 0;
    if (name === "pointerup" && moved <= 4 && data) {
      const at = nearest(event.offsetX, event.offsetY, event.pointerType === "touch" ? 20 : 12);
      if (at < 0) return;
      // a finger cannot hover: its first touch names the paper, the second opens it
      if (event.pointerType === "touch" && at !== hover) show(at);
      else open(at);
    }
  });
}
canvas.addEventListener("pointerleave", () => show(-1));
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.0018), event.offsetX, event.offsetY);
}, { passive: false });
canvas.addEventListener("keydown", (event) => {
  if (!data) return;
  const step = 0.12 / view.zoom;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (moves[event.key]) {
    view.x += moves[event.key][0];
    view.y += moves[event.key][1];
  } else if (event.key === "+" || event.key === "=") zoom(1.4);
  else if (event.key === "-") zoom(1 / 1.4);
  else if (event.key === "0") home();
  else if (event.key === "Enter" && hover >= 0) {
    open(hover);
    return;
  } else return;
  event.preventDefault();
  show(nearest(size.width / 2, size.height / 2, 80));
  if (hover >= 0) status.textContent = data.title[hover];
  plan();
});
place.querySelector("[data-map-in]").addEventListener("click", () => zoom(1.6));
place.querySelector("[data-map-out]").addEventListener("click", () => zoom(1 / 1.6));
place.querySelector("[data-map-home]").addEventListener("click", home);
looker.addEventListener("input", () => {
  if (!data) return;
  const words = looker.value.toLowerCase().split(/\s+/).filter(Boolean);
  hits = words.length ? data.lower.flatMap((title, at) => words.every((word) => title.includes(word)) ? [at] : []) : null;
  status.textContent = hits ? `${hits.length.toLocaleString("en")} of ${data.id.length.toLocaleString("en")} papers` : `${data.id.length.toLocaleString("en")} papers`;
  plan();
});

async function load() {
  status.textContent = "Loading the map";
  const answer = await fetch(place.dataset.points);
  if (!answer.ok) throw new Error(`the map's file answered ${answer.status}`);
  data = await answer.json();
  data.lower = data.title.map((title) => title.toLowerCase());
  groups = new Map(data.topics.map((topic) => [topic.hue, []]));
  data.topic.forEach((topic, at) => groups.get(data.topics[topic].hue).push(at));
  readColours();
  data.regions = data.topics.filter((topic) => topic.at).sort((a, b) => b.count - a.count);
  const ends = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [10_000, 0]).map((value) => value / 10_000);
  const [[left, right], [top, bottom]] = data.x.length ? [ends(data.x), ends(data.y)] : [[0, 1], [0, 1]];
  data.middle = [(left + right) / 2, (top + bottom) / 2];
  Object.assign(span, { x: Math.max(right - left, 0.05), y: Math.max(bottom - top, 0.05) });
  grid();
  status.textContent = `${data.id.length.toLocaleString("en")} papers`;
  home();
}

new ResizeObserver(resize).observe(canvas);
document.documentElement.addEventListener("scheme", () => {
  readColours();
  plan();
});
load().catch(() => { status.textContent = "The map could not be loaded. The topics below list the same papers."; });
