// Numbers, durations and ages as a person reads them. Pure.

const grouped = new Intl.NumberFormat("en-GB"); // toLocaleString looks for one each time, 50 times as slow

/** 812 · 9,412 · 12.4 k · 3.1 M */
export function short(n) {
  if (n < 10_000) return grouped.format(Math.round(n));
  const [value, unit] = n < 999_500 ? [n / 1e3, "k"] : n < 999_500_000 ? [n / 1e6, "M"] : [n / 1e9, "G"];
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export const exact = (n) => grouped.format(n);

/** Size in seconds, sign and word of each unit, the largest first. */
export const UNITS = [
  [86400, "d", "days"],
  [3600, "h", "hours"],
  [60, "min", "minutes"],
  [1, "s", "seconds"],
];

const unitOf = (seconds) => UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1);

/** Two units at most: 0.35 s · 35.2 s · 3 min 20 s · 2 h 5 min · 3 d 4 h */
export function duration(seconds) {
  if (seconds < 60) return `${seconds < 10 ? +seconds.toFixed(2) : +seconds.toFixed(1)} s`;
  const index = UNITS.findIndex(([size]) => seconds >= size);
  const [[size, unit], [lower, lowerUnit]] = [UNITS[index], UNITS[index + 1]];
  const whole = Math.floor(seconds / size);
  const rest = Math.floor((seconds - whole * size) / lower);
  return rest ? `${whole} ${unit} ${rest} ${lowerUnit}` : `${whole} ${unit}`;
}

/** One unit, for narrow places: 0.4 s · 35 s · 3.3 min · 2.1 h · 3.2 d */
export function shortDuration(seconds) {
  const [size, unit] = unitOf(seconds);
  const value = seconds / size;
  return `${value < 9.95 ? +value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** One unit, rounded down: an age in words. */
export function age(seconds) {
  const [size, unit] = unitOf(seconds);
  return `${Math.max(0, Math.floor(seconds / size))} ${unit}`;
}

export const plural = (n, one, many = `${one}s`) => `${exact(n)} ${n === 1 ? one : many}`;
