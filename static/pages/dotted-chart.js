// The dotted chart on a canvas: up to 5,000 events, a row for each case. The legend tells the colours.
import { api } from "../shared/api.js";
import { exact, shortDuration } from "../shared/format.js";

const host = document.querySelector("[data-dots]");
const LEFT = 8, RIGHT = 8, TOP = 8, BOTTOM = 24, HEIGHT = 300;
const EVERY_MS = 30_000;
const HUES = 9;
const TICKS = 5;
const DAY_MS = 86_400_000;
let told = null;
let askedAt = 0;
let drawn = null; // by which time

const relative = () => new URLSearchParams(location.search).get("dots") === "since";

/** Colour and shape by activity: where colours repeat, shapes differ. */
function looks() {
  const found = new Map();
  for (const [place, item] of document.querySelectorAll("#dots-legend [data-activity]").entries())
    found.set(item.dataset.activity, { ink: getComputedStyle(item, "::before").backgroundColor, shape: Math.floor(place / HUES) % 3 });
  return found;
}

const day = (at) => new Date(at).toLocaleDateString("sv-SE"); // 2026-04-01, in the clock of who looks
const clock = (at) => new Date(at).toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" });
const ZONE = new Intl.DateTimeFormat([], { timeZoneName: "long" }).formatToParts().find(({ type }) => type === "timeZoneName").value;

function draw() {
  if (!told?.points.length) return;
  const width = host.clientWidth;
  const ratio = devicePixelRatio || 1;
  let canvas = host.querySelector("canvas");
  if (!canvas) {
    canvas = Object.assign(document.createElement("canvas"), { className: "all" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "Dotted chart: what it holds is in the table below");
    host.replaceChildren(canvas);
  }
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const since = (drawn = relative());
  canvas.title = since ? "" : ZONE;
  const points = told.points.map(([kase, activity, at]) => [kase, activity, Date.parse(at)]);
  const began = told.started_at.map((at) => (at === null ? Infinity : Date.parse(at)));
  for (const [kase, , at] of points) began[kase] = Math.min(began[kase], at);
  const order = [...began.keys()].sort((a, b) => began[a] - began[b]);
  const row = new Map(order.map((kase, place) => [kase, place]));
  const across = points.map(([kase, , at]) => (since ? at - began[kase] : at));
  const low = since ? 0 : across.reduce((a, b) => Math.min(a, b));
  const span = across.reduce((a, b) => Math.max(a, b)) - low || 1;
  const styles = getComputedStyle(host);
  pen.font = "12px system-ui, sans-serif";
  pen.fillStyle = styles.getPropertyValue("--muted");
  pen.strokeStyle = styles.getPropertyValue("--line");
  for (let tick = 0; tick < TICKS; tick += 1) {
    const x = LEFT + (tick / (TICKS - 1)) * (width - LEFT - RIGHT);
    const at = low + (span * tick) / (TICKS - 1);
    pen.beginPath();
    pen.moveTo(x, TOP);
    pen.lineTo(x, HEIGHT - BOTTOM);
    pen.stroke();
    pen.textAlign = tick === 0 ? "left" : tick === TICKS - 1 ? "right" : "center";
    pen.fillText(since ? shortDuration(at / 1000) : span > 10 * DAY_MS ? day(at) : span > DAY_MS ? `${day(at).slice(5)} ${clock(at)}` : clock(at), x, HEIGHT - 6);
  }
  const look = looks();
  const size = points.length > 2000 ? 2.5 : 3.5;
  for (const [place, [kase, activity]] of points.entries()) {
    const { ink, shape } = look.get(told.activities[activity]) ?? { ink: pen.strokeStyle, shape: 0 };
    const x = LEFT + ((across[place] - low) / span) * (width - LEFT - RIGHT);
    const y = TOP + ((row.get(kase) + 0.5) / order.length) * (HEIGHT - TOP - BOTTOM);
    pen.fillStyle = ink;
    pen.beginPath();
    if (shape === 1) pen.rect(x - size / 2, y - size / 2, size, size);
    else if (shape === 2) pen.rect(x - size, y - size / 4, 2 * size, size / 2);
    else pen.arc(x, y, size / 2, 0, 7);
    pen.fill();
  }
  document.querySelector("[data-part=dots-words]").textContent = `${exact(points.length)} events of ${exact(order.length)} cases, taken evenly.`;
}

async function ask() {
  if (Date.now() - askedAt < EVERY_MS) return;
  askedAt = Date.now();
  try {
    told = (await api(`logs/${host.dataset.dots}/statistics/?points=${host.dataset.most}`)).dotted;
  } catch {
    return; // what is shown stays; the page says by itself when the server is away
  }
  draw();
}

if (host) {
  let width = innerWidth;
  addEventListener("resize", () => innerWidth !== width && ((width = innerWidth), draw()));
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.addEventListener("fresh", () => (drawn === null || drawn === relative() || draw(), ask()));
  ask();
}
