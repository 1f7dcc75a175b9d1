"use strict";
// The lanes of marks between the two graphs.
whyres.lanes = [
  { id: "gc", name: "GC", symbol: "circle", color: "gc" },
  { id: "returned", name: "given back", symbol: "triangle", turn: 180, color: "released" },
  { id: "offered", name: "offered, lazily", symbol: "emptyTriangle", turn: 180, color: "released" },
  { id: "mapped", name: "mapped", symbol: "triangle", color: "idle" },
  { id: "refused", name: "refused", symbol: "diamond", color: "bad" },
  { id: "huge", name: "made huge", symbol: "rect", color: "stacks" },
  { id: "process", name: "process", symbol: "pin", color: "soft" },
  { id: "other", name: "other calls", symbol: "emptyCircle", color: "soft" },
  { id: "lost", name: "events lost", symbol: "path://M0,2L2,0L5,3L8,0L10,2L7,5L10,8L8,10L5,7L2,10L0,8L3,5Z", color: "bad" },
];

// The lanes that a recording has anything of.
whyres.lanesOf = function (rec) {
  const there = new Set();
  for (const k of rec.marks.kind) there.add(rec.kinds[k].lane);
  return whyres.lanes.filter((l) => there.has(l.id));
};

// Adds mark i to a sum.
whyres.sum = function (to, m, i) {
  to.calls += m.calls[i];
  to.asked += m.asked[i];
  to.left += m.left[i];
  if (!m.last[i]) return;
  to.first = to.first ? Math.min(to.first, m.first[i]) : m.first[i];
  to.last = Math.max(to.last, m.last[i]);
};

// The marks of a lane in a stretch of time: those that a few pixels cannot tell apart
// are one, with their sums.
whyres.laneMarks = function (rec, lane, from, to, pixels) {
  const m = rec.marks, slots = new Map(), width = (to - from) / Math.max(pixels / 7, 1);
  for (let i = 0; i < m.kind.length; i++) {
    if (rec.kinds[m.kind[i]].lane !== lane || m.to[i] < from || m.from[i] > to) continue;
    const mid = Math.min(Math.max((m.from[i] + m.to[i]) / 2, from), to), slot = Math.floor((mid - from) / width);
    const one = slots.get(slot) || { at: mid, since: mid, until: mid, calls: 0, asked: 0, left: 0, first: 0, last: 0 };
    one.since = Math.min(one.since, m.from[i]);
    one.until = Math.max(one.until, m.to[i]);
    whyres.sum(one, m, i);
    slots.set(slot, one);
  }
  return [...slots.values()];
};

// What happened about an instant, by kind: sums over all marks within reach.
whyres.happened = function (rec, t, reach) {
  const m = rec.marks, found = new Map();
  for (let i = 0; i < m.kind.length; i++) {
    if (m.from[i] > t + reach) break;
    if (m.to[i] < t - reach) continue;
    const one = found.get(m.kind[i]) || { kind: rec.kinds[m.kind[i]], calls: 0, asked: 0, left: 0, first: 0, last: 0 };
    whyres.sum(one, m, i);
    found.set(m.kind[i], one);
  }
  const order = whyres.lanes.map((l) => l.id);
  return [...found.values()].sort((a, b) => order.indexOf(a.kind.lane) - order.indexOf(b.kind.lane) || Math.abs(b.left) - Math.abs(a.left) || b.asked - a.asked);
};

// Which GCs a mark stands for: its number, or how many where it is of several.
whyres.gcText = (m) => m.first < m.last ? m.calls + " GCs, " + m.first + "–" + m.last : String(m.last);

// One line of what happened, in words.
whyres.happenedText = function (h) {
  const k = h.kind, times = h.calls > 1 ? " ×" + whyres.count(h.calls) : "";
  switch (k.lane) {
    case "gc": return (h.first < h.last ? "" : "GC ") + whyres.gcText(h) + (k.note ? ": " + k.note : "");
    case "lost": return whyres.count(h.calls) + " events lost" + (k.note ? ": " + k.note : "");
    case "process": return k.note + times;
    case "huge": return "huge page made" + times + (k.note ? ": " + k.note : ": RES +" + whyres.size(-h.left));
  }
  const call = (k.call || "other calls") + (k.advice ? " " + k.advice.replace("MADV_", "") : "") + times;
  const left = k.lane === "mapped" || k.lane === "other" ? "" : ", left RES " + whyres.size(h.left);
  return call + (k.errno ? " failed: " + k.errno : "") + (k.who_name ? " · " + k.who_name : "") + " · asked " + whyres.size(h.asked) + left;
};
