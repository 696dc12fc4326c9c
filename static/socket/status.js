// The state of the view in words. Pure.
import { age } from "../shared/format.js";

const SILENT_S = 300;
const ENDED = {
  "signed-out": "Signed out",
  forbidden: "You may not view this log",
  missing: "Gone, or closed to you",
};

/**
 * {kind, text, icon} for: `connection` (see connection.js), `paused`, `now` and `heardAt` (ms of the own clock),
 * `received_s` (seconds since the last arrival, null: nothing came yet). Freshness is told by arrival.
 */
export function status({ connection, paused, now, heardAt, received_s, any }) {
  if (ENDED[connection]) return { kind: "ended", text: ENDED[connection], icon: "triangle-alert" };
  if (connection === "connecting") return { kind: "waiting", text: "Connecting", icon: "hourglass" };
  if (connection === "reconnecting") {
    return { kind: "broken", text: `Reconnecting, ${age((now - heardAt) / 1000)} old`, icon: "refresh-cw" };
  }
  if (paused) return { kind: "paused", text: "Paused", icon: "pause" };
  if (!any) return { kind: "waiting", text: "Waiting for the first event", icon: "hourglass" };
  if (received_s !== null && received_s >= SILENT_S) {
    return { kind: "silent", text: `Stream silent for ${age(received_s)}`, icon: "hourglass" };
  }
  return { kind: "live", text: "Live", icon: "radio" };
}
