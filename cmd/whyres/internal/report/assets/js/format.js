"use strict";
// Numbers for people, as the rest of whyres writes them.
whyres.MiB = 1 << 20;

whyres.size = function (bytes) {
  if (bytes === null || Number.isNaN(bytes)) return "unknown";
  if (Math.abs(bytes) < 1024) return bytes + " B";
  let size = bytes / 1024, unit = 0;
  while (unit < 3 && Math.abs(size) >= 1023.95) { size /= 1024; unit++; }
  return size.toFixed(1) + " " + "KMGT"[unit] + "iB";
};

whyres.count = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

// A length of time in ns.
whyres.span = function (ns) {
  const s = Math.abs(ns) / 1e9, sign = ns < 0 ? "-" : "";
  if (s < 1e-3) return sign + (s * 1e6).toFixed(0) + " µs";
  if (s < 1) return sign + (s * 1e3).toFixed(s < 0.1 ? 1 : 0) + " ms";
  if (s < 60) return sign + s.toFixed(s < 10 ? 2 : 1) + " s";
  const whole = Math.round(s);
  if (whole < 6000) return sign + Math.floor(whole / 60) + "m" + String(whole % 60).padStart(2, "0") + "s";
  const minutes = Math.round(s / 60);
  return sign + Math.floor(minutes / 60) + "h" + String(minutes % 60).padStart(2, "0") + "m";
};

// An instant: seconds since the trace began, to the µs where that tells something.
whyres.since = (ns) => (ns < 0 ? "" : "+") + (ns / 1e9).toFixed(Math.abs(ns) < 1e12 ? 6 : 3).replace(/(\.\d\d)0+$/, "$1") + " s";

// The time of day of an instant, where the recording tells it.
whyres.clock = function (rec, ns) {
  if (!rec.wall_ms) return "";
  return new Date(rec.wall_ms + ns / 1e6).toISOString().replace("T", " ").slice(0, 23) + " UTC";
};

// Ticks of a time axis in seconds: multiples of a step that people count in.
whyres.ticks = function (from, to, room) {
  const steps = [];
  for (let e = -7; e < 1; e++) for (const m of [1, 2, 5]) steps.push(m * 10 ** e);
  steps.push(10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800, 2592000);
  const step = steps.find((s) => (to - from) / s <= Math.max(room / 92, 1)) || (to - from);
  const values = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9 && values.length < 200; i++) values.push(i * step);
  return { values, step };
};

whyres.tickText = function (step) {
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  return function (s) {
    if (step < 60 && Math.abs(s) < 120 || step < 1) return s.toFixed(decimals) + " s";
    const whole = Math.round(s), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, rest = whole % 60;
    if (whole < 3600) return m + "m" + (rest ? String(rest).padStart(2, "0") + "s" : "");
    return h + "h" + (m || rest ? String(m).padStart(2, "0") + "m" : "") + (rest ? String(rest).padStart(2, "0") + "s" : "");
  };
};

// An element with a text: names of the target never become markup.
whyres.node = function (tag, className, text) {
  const n = document.createElement(tag);
  if (className) n.className = className;
  if (text !== undefined) n.textContent = text;
  return n;
};
