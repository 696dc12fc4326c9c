// Replay of past time: chosen on the chart or by two fields, then play, hold, speed, position, and back to live.
import { html, render } from "../vendor/preact/standalone.module.js";
import { action } from "../shared/actions.js";
import { address, asked } from "../shared/address.js";
import { announce } from "../shared/announce.js";
import { brief, clock, fromField, iso, parsed, toField } from "../shared/moments.js";
import { Replay, SPEEDS } from "./replay.js";

const WRITE_MS = 2000; // between two notes of the position in the address, while it plays
const SHOWN = 50;
const USUAL = 60;

export function replaying(view) {
  const place = view.part("replay");
  let replay = null;
  let fields = null; // what somebody typed into the two fields: {from, to}; null: the last hour
  let speed = SPEEDS.includes(Number(asked("speed"))) ? Number(asked("speed")) : USUAL;
  let wroteAt = 0;
  let said = "";
  const source = {
    words: () => ({ kind: "replay", text: replay.words(), icon: replay.playing ? "play" : "pause" }),
    leave,
    moves: [],
  };

  function begin(from, to, { at = from, playing = true } = {}) {
    replay?.end();
    said = "";
    const handlers = {
      show(picture, delta) {
        if (delta === null) source.moves = [];
        else note(picture, delta.moves);
        if (view.source === source) view.show(picture, delta);
      },
      changed,
    };
    replay = new Replay(view.model, { from, to, speed }, handlers);
    view.pause(!playing);
    view.take("replay", source);
    replay.seek(at);
    if (playing) replay.play();
    announce(`Replay from ${new Date(from).toLocaleString()}.`);
    write();
  }

  function note(picture, moves) {
    const label = (id) => picture.nodes.get(id)?.label ?? "";
    const rows = moves.map(([name, , to, at], place) => ({ key: `${picture.version} ${place}`, case: name, activity: label(to), at }));
    source.moves = [...rows.reverse(), ...source.moves].slice(0, SHOWN);
  }

  function leave() {
    if (!replay) return;
    replay.end();
    replay = null;
    address({ replay_from: null, replay_to: null, replay_at: null, speed: null });
    view.timeline.select(null);
    view.timeline.point(null);
    view.take("replay", null);
    draw();
  }

  function changed() {
    if (!replay) return;
    if (!replay.playing && !replay.loading && !view.paused) view.pause(true); // it came to its end
    if (!replay.playing || Date.now() - wroteAt > WRITE_MS) write();
    view.timeline.point(replay.at);
    draw();
    view.tell("waiting"); // the header says where it is
  }

  function write() {
    wroteAt = Date.now();
    address({ replay_from: iso(replay.from), replay_to: iso(replay.to), replay_at: iso(Math.round(replay.at)), speed: speed === USUAL ? null : speed });
  }

  function start(event) {
    event?.preventDefault();
    const { from, to } = offered();
    const [a, b] = [fromField(from), fromField(to)];
    said = a === null || b === null ? "Give both moments." : a >= b ? "The end has to be after the beginning." : "";
    if (said) draw();
    else begin(a, b);
  }

  function offered() {
    const extent = view.timeline.extent();
    return fields ?? (extent ? { from: toField(Math.max(extent[0], extent[1] - 3_600_000)), to: toField(extent[1]) } : { from: "", to: "" });
  }

  function pace(wanted) {
    speed = wanted;
    replay?.pace(speed);
    if (replay) write();
    draw();
  }

  const choice = () => html`<label class="choice"><span>Speed</span><select name="speed" value=${speed} onChange=${(event) => pace(Number(event.target.value))}>
    ${SPEEDS.map((one) => html`<option value=${one}>${one.toLocaleString("en-GB")}×</option>`)}</select></label>`;

  function draw() {
    const { from, to } = offered();
    const type = (name) => (event) => (fields = { ...offered(), [name]: event.target.value });
    const problem = said || replay?.error;
    render(
      replay
        ? html`<div class="player"><button type="button" data-action="pause"><i class="icon ${replay.playing ? "pause" : "play"}"></i><span>${replay.playing ? "Hold" : "Play"}</span></button>
            <label class="position"><span class="sr">Position</span><input type="range" name="position" min=${replay.from} max=${replay.to} step="1000" value=${replay.at}
              aria-valuetext=${clock(replay.at)} onInput=${(event) => replay.seek(Number(event.target.value))} /></label>
            <span class="between">${clock(replay.at)} <span class="quiet">of ${brief(replay.from)} – ${brief(replay.to)}</span></span>
            ${choice()}<button type="button" data-action="live" class="main"><i class="icon radio"></i><span>Back to live</span></button></div>
            ${problem ? html`<p class="problem" role="alert">${problem}</p>` : null}`
        : html`<form class="player" onSubmit=${start}><label class="choice"><span>Replay from</span><input name="replay_from" type="datetime-local" step="1" value=${from} onInput=${type("from")} /></label>
            <label class="choice"><span>to</span><input name="replay_to" type="datetime-local" step="1" value=${to} onInput=${type("to")} /></label>
            ${choice()}<button><i class="icon play"></i><span>Replay</span></button></form>
            ${problem ? html`<p class="problem" role="alert">${problem}</p>` : html`<p class="hint quiet">Or drag over the chart.</p>`}`,
      place,
    );
  }

  view.on("paused", () => {
    if (!replay) return;
    if (view.paused && replay.playing) replay.hold();
    else if (!view.paused && !replay.playing && view.source === source) replay.play();
  });
  view.on("range", (from, to) => (view.timeline.select([from, to]), begin(from, to)));
  view.on("timeline", draw);
  view.on("second", () => !replay && !place.contains(document.activeElement) && draw());
  function followed() {
    const [from, to] = [parsed(asked("replay_from")), parsed(asked("replay_to"))];
    if (replay && replay.model !== view.model) begin(replay.from, replay.to, { at: replay.at, playing: replay.playing });
    else if (!replay && from !== null && to !== null && from < to) {
      const at = parsed(asked("replay_at"));
      view.timeline.select([from, to]);
      begin(from, to, { at: at ?? from, playing: at === null });
    }
  }
  view.on("followed", followed);
  if (view.model !== null) followed();
  draw();
}
