// Forms whose answers are shown in place: what a button[data-inside] gives, and in a form[data-live] what each change
// would give, is asked of the server as by pressing the button, and the parts (data-part, with an id) take it over. What
// was typed stays typed. A button[data-inside="ID"] changes that element, too, and goes on where the server says
// (autofocus); document hears "fresh" each time. Without scripts the same buttons load the page anew.
import { Idiomorph } from "../vendor/idiomorph/idiomorph.esm.js";

const TYPING_MS = 350;
const PORTS = { mqtt: ["1883", "8883"], redis: ["6379", "6379"], kafka: ["9092", "9093"] };
let pressed = 0; // buttons whose answers are awaited
let turn = Promise.resolve();
let typing = 0;
let asked = 0; // numbers the requests: an answer that was overtaken is not shown

async function show(form, button) {
  const number = ++asked;
  const body = new FormData(form);
  body.set(button.name, button.value);
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    if (number !== asked) return;
    if (answer.redirected || !answer.ok) throw new Error(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const more = document.getElementById(button.dataset.inside);
    const next = more && fresh.querySelector("[autofocus]");
    next?.removeAttribute("autofocus"); // it is for a page that is loaded
    for (const part of [...document.querySelectorAll("[data-part][id]"), ...(more ? [more] : [])]) {
      const now = fresh.getElementById(part.id);
      if (now && part.isConnected) Idiomorph.morph(part, now, { ignoreActiveValue: true }); // who types goes on
    }
    if (next) document.getElementById(next.id)?.focus();
    document.dispatchEvent(new CustomEvent("fresh"));
  } catch {
    if (number === asked) form.requestSubmit(button); // as without scripts: the page says what is wrong
  } finally {
    button.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-inside]");
  if (!button?.form) return;
  if (!button.formNoValidate && !button.form.reportValidity()) return event.preventDefault();
  event.preventDefault();
  clearTimeout(typing); // its answer shows what was typed, too
  pressed += 1;
  turn = turn.then(() => button.form && show(button.form, button)).finally(() => (pressed -= 1)); // one after the other
});

/** What was typed, once nothing else is awaited: that would be overtaken. */
function preview(form, button) {
  typing = setTimeout(() => (pressed ? preview(form, button) : show(form, button)), TYPING_MS);
}

document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-live]");
  const button = form?.querySelector('button[value="preview"]');
  clearTimeout(typing);
  if (button) preview(form, button);
});

// The usual port of a kind of broker, until somebody writes another one.
document.addEventListener("change", ({ target }) => {
  const form = target.closest(".broker-form");
  if (!form || !["kind", "tls"].includes(target.name)) return;
  const { kind, port, tls } = form.elements;
  if (Object.values(PORTS).flat().includes(port.value)) port.value = PORTS[kind.value][Number(tls.checked)];
});

// What takes seconds says so.
document.addEventListener("submit", ({ submitter }) => {
  if (!submitter?.dataset.busy) return;
  submitter.setAttribute("aria-busy", "true");
  submitter.lastChild.textContent = submitter.dataset.busy;
});
