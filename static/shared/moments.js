// Moments in the address, in fields of forms and in words. Pure. Fields hold local time, the address holds UTC.

const two = (n) => String(n).padStart(2, "0");

/** Of a field of type datetime-local, in whole seconds; "" where there is no moment. */
export function toField(ms) {
  if (ms === null || Number.isNaN(ms)) return "";
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${clock(ms)}`;
}

/** Milliseconds of a field's value, or null. */
export function fromField(value) {
  const ms = value ? new Date(value).getTime() : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** 10:02:13 */
export function clock(ms) {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** 10:02, or 2 Jan, 10:02 where that is another day than `now`. */
export function brief(ms, now = Date.now()) {
  const at = new Date(ms);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: at.getFullYear() === new Date(now).getFullYear() ? undefined : "numeric" })}, ${time}`;
}

/** Milliseconds of a moment in the address (ISO 8601), or null. */
export function parsed(text) {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

export const iso = (ms) => new Date(ms).toISOString();
