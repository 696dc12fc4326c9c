// What lies in time: the strip below the map, with chart, newest events and replay. It is loaded when it is first open.
import { action } from "../shared/actions.js";
import { address, asked } from "../shared/address.js";

const ROOM = matchMedia("(min-width: 901px) and (min-height: 860px)");

/**
 * `view.time`: `open`, and `marks` of the timeline (name → [{at, text, href}]), kept from what parts tell the view as
 * "marks". It tells the view "timeline" when it opens or closes.
 */
export function time(view) {
  const [section, toggle] = [view.part("timeline"), view.part("timeline-toggle")];
  const replayed = asked("replay_from") !== null;
  let open = replayed || (asked("timeline") ? asked("timeline") !== "closed" : ROOM.matches);
  let loaded = null;
  const marks = new Map();
  view.time = {
    get open() {
      return open;
    },
    marks,
  };

  async function load() {
    const parts = await Promise.all([import("./timeline.js"), import("./replaying.js"), import("./tail.js")]);
    const [{ timeline }, { replaying }, { tail }] = parts;
    for (const part of [timeline, replaying, tail]) part(view);
  }

  function show() {
    section.hidden = !open;
    toggle.setAttribute("aria-expanded", open);
    if (open) loaded ??= load();
  }

  function toggled() {
    open = !open;
    address({ timeline: open === ROOM.matches ? null : open ? "open" : "closed" });
    show();
    view.tell("timeline");
  }

  action("timeline", toggled, "h");
  view.on("marks", (name, list) => marks.set(name, list));
  show();
}
