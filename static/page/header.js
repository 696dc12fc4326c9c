// The line above the map: how fresh the picture is, in colour, icon and words; what waits while it is held.
import { html, render } from "../vendor/preact/standalone.module.js";
import { action } from "../shared/actions.js";
import { announce } from "../shared/announce.js";
import { age, exact, plural } from "../shared/format.js";
import { status } from "../socket/status.js";

export function header(view) {
  const [state, figures, backlog, pause] = ["status", "figures", "backlog", "pause"].map((name) => view.part(name));
  let said = null;

  function draw() {
    const now = Date.now();
    const { health, connection, paused, page, shown } = view;
    const last = health?.last_received_at ?? page.dataset.received;
    const received_s = last ? Math.max(0, (now + view.clock - Date.parse(last)) / 1000) : null;
    const any = Boolean(last) || (shown?.seq ?? 0) > 0;
    const { kind, text, icon } = view.source?.words?.() ?? status({ connection: view.connected, paused, now, heardAt: connection.heardAt, received_s, any });
    render(html`<span class="pill ${kind}"><i class="icon ${icon}"></i>${text}</span>`, state);
    const stale = kind === "broken" || kind === "ended";
    page.classList.toggle("stale", stale);
    const waits = paused && view.newest ? view.newest.seq - (shown?.seq ?? 0) : 0;
    backlog.hidden = !paused || kind === "replay";
    backlog.textContent = `${plural(Math.max(0, waits), "event")} waiting`;
    render(
      html`<span><b>${stale || !health ? "–" : health.events_per_s}</b> events/s</span>
        <span><b>${health ? exact(health.open_cases) : "–"}</b> open</span>
        <span title=${last ? `arrived ${new Date(last).toLocaleString()}` : ""}>last event <b>${received_s === null ? "–" : received_s < 1 ? "now" : `${age(received_s)} ago`}</b></span>`,
      figures,
    );
    const sentence = kind === "broken" ? "Reconnecting." : `${text}.`;
    if (said !== sentence && !["waiting", "silent", "replay"].includes(kind)) announce((said = sentence));
  }

  view.on("paused", () => {
    pause.setAttribute("aria-pressed", view.paused);
    pause.querySelector(".icon").className = `icon ${view.paused ? "play" : "pause"}`;
    pause.querySelector("span").textContent = view.paused ? "Go on" : "Pause";
  });
  for (const news of ["picture", "waiting", "health", "state", "paused", "source", "second"]) view.on(news, draw);
  action("pause", () => view.pause(), " ");
  action("live", () => view.live(), "l");
  draw();
}
