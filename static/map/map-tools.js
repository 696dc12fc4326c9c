// The map's own buttons and keys: fit, tidy, zoom, hold still; the table in its place; help.
import { html, render } from "../vendor/preact/standalone.module.js";
import { action } from "../shared/actions.js";
import { Panel } from "../panel/panel.js";

const PANEL_MS = 200; // nobody reads faster than that

export function mapTools({ map }) {
  action("fit", () => map.fit(), "f");
  action("tidy", () => map.tidy(), "t");
  action("closer", () => map.zoomBy(1.3), "+", "=");
  action("farther", () => map.zoomBy(1 / 1.3), "-");
  action("hold", (button) => {
    map.held = !map.held;
    button.setAttribute("aria-pressed", map.held);
    button.querySelector(".icon").className = `icon ${map.held ? "lock" : "lock-open"}`;
  });
  action("help", () => document.querySelector("#help").showModal(), "?");
}

/** The map's twin for those who read rather than look. */
export function twin(view) {
  const [place, stage, button] = ["twin", "stage", "table"].map((name) => view.part(name));
  let Tables = null; // loaded by those who want them
  const draw = () => Tables && !place.hidden && render(html`<${Tables} drawing=${view.shown} />`, place);
  view.on("picture", draw);
  action("table", () => {
    place.hidden = !place.hidden;
    stage.hidden = !place.hidden;
    button.setAttribute("aria-pressed", !place.hidden);
    if (place.hidden) view.map.fit(false);
    else if (Tables) draw();
    else import("../panel/table.js").then((module) => {
      Tables = module.Tables;
      draw();
    });
  }, "m");
  place.replaceChildren();
  place.hidden = true;
}

/** What is pinned in detail, else the case that is followed, else the log as a whole. */
export function panel(view) {
  const place = view.part("panel");
  const pin = (key) => view.pin(key);
  const draw = () => {
    const cases = { log: view.log, now: Date.now() + view.clock, followed: view.case, follow: view.followCase, end: view.leaveCase };
    render(html`<${Panel} ...${{ drawing: view.shown, pinned: view.pinned, streams: view.health?.streams ?? [], pin, cases, alarms: view.alarms?.() ?? null }} />`, place);
  };
  let [timer, drawnAt] = [null, -PANEL_MS];
  view.on("picture", () => {
    timer ??= setTimeout(() => {
      [timer, drawnAt] = [null, performance.now()];
      draw();
    }, Math.max(0, drawnAt + PANEL_MS - performance.now()));
  });
  for (const news of ["pinned", "case", "matches"]) view.on(news, draw);
  view.on("health", () => view.pinned === null && draw());
  view.on("second", () => (view.pinned !== null || view.case) && draw());
  action("escape", () => (view.pinned !== null ? pin(null) : view.leaveCase()), "Escape");
  draw();
}
