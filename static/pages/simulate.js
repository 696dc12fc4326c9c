// /simulate/: a line number leads to its line in the text; a run's page keeps itself up to date. All works without.
const EVERY_MS = 1000;

for (const link of document.querySelectorAll("a[data-line]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const text = document.querySelector(".simulate textarea");
    const lines = text.value.split("\n");
    const begin = lines.slice(0, link.dataset.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
    text.focus();
    text.setSelectionRange(begin, begin + (lines[link.dataset.line - 1] ?? "").length);
    text.scrollTop = (text.scrollHeight / lines.length) * (link.dataset.line - 4);
  });
}

const place = document.querySelector("[data-run]");

async function refresh() {
  try {
    const answer = await fetch(place.dataset.run, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    const old = place.querySelector(".run");
    const now = fresh.querySelector(".run");
    if (old.innerHTML !== now.innerHTML && !old.contains(document.activeElement)) place.replaceChildren(now);
    else old.replaceWith(now);
    document.body.classList.remove("stale");
  } catch {
    document.body.classList.add("stale"); // the server is away for a moment; what is shown stays
  }
  plan();
}

function plan() {
  if (place?.querySelector("[data-active]")) setTimeout(refresh, EVERY_MS);
}

plan();
