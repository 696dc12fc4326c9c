// What the form can do beyond working without scripts: questions that do not apply are hidden at once, numbers within
// bounds become sliders. The server decides again which questions count.
// In the editor's preview what would be hidden is marked instead; it is drawn anew after each change ("fresh").
function answer(name) {
  const fields = [...document.querySelectorAll(`.questions [name="${name}"]`)];
  const chosen = fields.filter((field) => (/radio|checkbox/.test(field.type) ? field.checked : field.value.trim() !== ""));
  return chosen.map((field) => field.value);
}

function met(condition) {
  const asked = document.querySelector(`[data-question="${condition.question}"]`);
  if (!asked || asked.hidden || asked.classList.contains("skipped")) return false;
  const given = answer(condition.question);
  const same = (wanted) => given.some((text) => (typeof wanted === "boolean" ? text === (wanted ? "yes" : "no") : typeof wanted === "number" ? Number(text) === wanted : text === wanted));
  if ("is" in condition) return same(condition.is);
  if ("in" in condition) return condition.in.some(same);
  const number = Number(given[0] ?? NaN);
  return number >= (condition.at_least ?? -Infinity) && number <= (condition.at_most ?? Infinity);
}

function look() {
  for (const question of document.querySelectorAll("[data-question]")) {
    const condition = document.getElementById(`if-${question.dataset.question}`);
    const skipped = condition !== null && !met(JSON.parse(condition.textContent));
    if (question.closest("[data-preview]")) question.classList.toggle("skipped", skipped);
    else question.hidden = skipped;
  }
}

function say(field, answered) {
  const shown = field.parentElement.querySelector("output");
  field.name = answered ? field.dataset.name : ""; // what nobody has moved is no answer, and is not sent
  shown.classList.toggle("quiet", !answered);
  shown.textContent = answered ? field.value : "not answered";
}

function slide(field) {
  field.dataset.name = field.name;
  field.type = "range";
  field.parentElement.append(document.createElement("output"));
  say(field, field.getAttribute("value") !== "");
}

function dress() {
  document.querySelectorAll(".slider input[type=number]").forEach(slide);
  look();
}

for (const touch of ["input", "click", "keydown"])
  document.addEventListener(touch, ({ target, key }) => target.matches?.(".slider input[type=range]") && key !== "Tab" && say(target, true));
document.addEventListener("input", look);
document.addEventListener("change", look);
document.addEventListener("fresh", dress);
dress();
