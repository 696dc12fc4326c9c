// What a person does, by name: [data-action="NAME"] runs it when clicked, keys run it from anywhere but a field.

const known = {};
const keys = {};

/** `action("tidy", () => map.tidy(), "t")`: from now on that name, and those keys (as KeyboardEvent.key), do that. */
export function action(name, run, ...names) {
  known[name] = run;
  for (const key of names) keys[key] = name;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-action]");
  if (button) known[button.dataset.action]?.(button, event);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=range]), select, textarea, dialog")) return;
  if (event.key === " " && event.target.closest("button, a, summary")) return; // there it presses
  const name = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!name) return;
  event.preventDefault();
  known[name]();
});
