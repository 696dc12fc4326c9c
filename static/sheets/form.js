// What the form can do beyond working without scripts: questions that do not apply are hidden at once, numbers within
// bounds become sliders. The server decides again which questions count.
const questions = [...document.querySelectorAll("[data-question]")];

function answer(name) {
  const fields = [...document.querySelectorAll(`[name="${name}"]`)];
  const chosen = fields.filter((field) => (/radio|checkbox/.test(field.type) ? field.checked : field.value.trim() !== ""));
  return chosen.map((field) => field.value);
}

function met(condition) {
  const asked = document.querySelector(`[data-question="${condition.question}"]`);
  if (!asked || asked.hidden) return false;
  const given = answer(condition.question);
  const same = (wanted) => given.some((text) => (typeof wanted === "boolean" ? text === (wanted ? "yes" : "no") : typeof wanted === "number" ? Number(text) === wanted : text === wanted));
  if ("is" in condition) return same(condition.is);
  if ("in" in condition) return condition.in.some(same);
  const number = Number(given[0] ?? NaN);
  return number >= (condition.at_least ?? -Infinity) && number <= (condition.at_most ?? Infinity);
}

function look() {
  for (const question of questions) {
    const condition = document.getElementById(`if-${question.dataset.question}`);
    if (condition) question.hidden = !met(JSON.parse(condition.textContent));
  }
}

for (const field of document.querySelectorAll(".slider input[type=number]")) {
  const shown = document.createElement("output");
  const name = field.name;
  field.type = "range";
  const say = (answered) => {
    field.name = answered ? name : ""; // what nobody has moved is no answer, and is not sent
    shown.classList.toggle("quiet", !answered);
    shown.textContent = answered ? field.value : "not answered";
  };
  say(field.getAttribute("value") !== "");
  for (const touch of ["input", "click", "keydown"]) field.addEventListener(touch, (event) => event.key !== "Tab" && say(true));
  field.parentElement.append(shown);
}

document.addEventListener("input", look);
document.addEventListener("change", look);
look();
