// The start page keeps itself up to date: the cards come anew every few seconds, and only what changed is replaced.
import { age } from "./format.js";

const EVERY_MS = 3000;
const place = document.querySelector("[data-cards]");
let clock = Number(place.dataset.now) - Date.now();

function ages() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const seconds = Math.max(0, (Date.now() + clock - Date.parse(time.dateTime)) / 1000);
    time.textContent = seconds < 1 ? "now" : `${age(seconds)} ago`;
    time.title = new Date(time.dateTime).toLocaleString();
  }
}

function adopt(fresh) {
  const old = new Map([...place.querySelectorAll("[data-card]")].map((card) => [card.dataset.card, card]));
  const cards = [...fresh.querySelectorAll("[data-card]")];
  if (cards.length === 0 || cards.length !== old.size || cards.some(({ dataset }) => !old.has(dataset.card))) {
    if (cards.length || old.size) place.replaceChildren(...fresh.childNodes);
    return;
  }
  for (const card of cards) {
    const known = old.get(card.dataset.card);
    for (const part of card.querySelectorAll("[data-part]")) {
      const target = known.querySelector(`[data-part="${part.dataset.part}"]`);
      if (target.innerHTML !== part.innerHTML) target.replaceChildren(...part.childNodes);
    }
  }
}

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(place.dataset.cards, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const text = new DOMParser().parseFromString(await answer.text(), "text/html");
    adopt(text.body);
    clock = Number(answer.headers.get("X-Now")) - Date.now();
    document.body.classList.remove("stale");
  } catch {
    document.body.classList.add("stale"); // the server is away for a moment; what is shown stays, marked
  }
  ages();
}

ages();
setInterval(ages, 1000);
setInterval(refresh, EVERY_MS);
