// A case aligned with a model on request: a job, looked at until it is done.
import { api, Refused } from "../shared/api.js";
import { plural } from "../shared/format.js";

const card = document.querySelector("[data-align]");
const LOOK_MS = 700;
const KINDS = {
  sync: ["✓", "as the model wants it"],
  log: ["✕", "done, but not allowed here"],
  model: ["+", "wanted, but missing"],
};
const STATES = { queued: "Waiting for a worker …", running: "Looking for the closest way …" };

function say(words, bad = false) {
  const line = card.querySelector("[data-part=state]");
  line.textContent = words;
  line.className = bad ? "problem" : "";
}

/** The result of a job that an answer may be: jobs have a state. */
async function settled(answer) {
  while (answer.moves === undefined) {
    if (answer.state === "failed" || answer.state === "cancelled") throw new Refused({ title: answer.error || "It was cancelled." });
    if (answer.state === "done") return answer.result;
    say(STATES[answer.state]);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    answer = await api(`jobs/${answer.id}/`);
  }
  return answer;
}

function show({ deviations, moves, closed }) {
  say(deviations ? `${plural(deviations, "deviation")} from the model.` : closed ? "It fits the model." : "It fits the model so far.");
  card.querySelector("[data-part=moves]").replaceChildren(
    ...moves.filter(({ kind }) => kind in KINDS).map(({ kind, activity }) => {
      const [sign, words] = KINDS[kind];
      const line = document.createElement("li");
      line.className = `mark ${kind === "sync" ? "ok" : "bad"}`;
      line.append(`${sign} ${activity}`, Object.assign(document.createElement("span"), { className: kind === "sync" ? "sr" : "quiet", textContent: words }));
      return line;
    }),
  );
}

if (card) {
  card.hidden = false; // it needs scripts
  const button = card.querySelector("button");
  card.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    card.querySelector("[data-part=moves]").replaceChildren();
    say("Asking …");
    try {
      const path = card.querySelector("select").value;
      show(await settled(await api(`${path}?${new URLSearchParams({ case: card.dataset.case })}`)));
    } catch (error) {
      say(error.message, true);
    }
    button.disabled = false;
  });
}
