// The editor of a sheet and its page: questions moved by keys, links copied.
const MOVES = { ArrowUp: "up:", ArrowDown: "down:" };
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.(".asking");
  if (!row || !event.altKey || !(event.key in MOVES)) return;
  event.preventDefault();
  row.querySelector(`button[value^="${MOVES[event.key]}"]`).click(); // at an end it is disabled, and nothing happens
});

const offer = () => document.querySelectorAll("[data-copy][hidden]").forEach((button) => (button.hidden = false));
if (navigator.clipboard) {
  offer();
  document.addEventListener("fresh", offer);
}
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const said = document.getElementById("announcements");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = "The link is copied.";
    button.classList.add("copied");
  } catch {
    said.textContent = "The browser does not let the link be copied: open the form and copy its address.";
  }
});
