// The live page: its parts around the view that they share. To add one: write a module with a function of the view
// (view.js says what it may listen to), give it a place [data-part=NAME] in templates/live/live_view.html and name it here.
//   a key or button       action("name", run, "k")     actions.js; the button has data-action="name"
//   a name in the address  asked("name"), address({ name: value })     address.js
import { filters } from "../models/filters.js";
import { follow } from "../panel/follow.js";
import { header } from "./header.js";
import { mapTools, panel, twin } from "../map/map-tools.js";
import { models } from "../models/models.js";
import { overlays } from "../map/overlays.js";
import { time } from "../time/time.js";
import { View } from "./view.js";

/** What rules match: on the map, in the timeline and the panel; its module comes with the first match. */
function rules(view) {
  let [add, sub] = [null, null];
  view.on("matched", async (message) => {
    const news = message.sub === sub; // else it is the first of a subscription, and tells what was before
    sub = message.sub;
    if (message.upto) (await (add ??= import("../panel/matches.js").then(({ matches }) => matches(view))))(message, news);
  });
}

/** Files of what is shown: the module comes when the menu is first opened. */
function downloads(view) {
  view.part("downloads").addEventListener("toggle", async () => (await import("../models/downloads.js")).downloads(view), { once: true });
}

const view = new View(document.querySelector("[data-live]"));
for (const part of [header, follow, mapTools, panel, twin, overlays, models, downloads, filters, time, rules]) part(view);
view.begin();
