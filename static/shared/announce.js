// Says changes to assistive technology: politely, at most one sentence every 10 s, the newest counts.

const EVERY_MS = 10_000;
const place = document.querySelector("#announcements");
let saidAt = -EVERY_MS;
let next = null;
let timer = null;

export function announce(sentence) {
  next = sentence;
  timer ??= setTimeout(say, Math.max(0, saidAt + EVERY_MS - performance.now()));
}

function say() {
  saidAt = performance.now();
  timer = null;
  place.textContent = next;
}
