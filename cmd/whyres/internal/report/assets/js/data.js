"use strict";
// The page's data: instants are ns since a trace began, sizes are bytes.
const whyres = { recordings: [], lab: null, byID: {} };

// A column is base64 of little-endian float64s.
whyres.column = function (text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Float64Array(bytes.buffer);
};

whyres.load = function () {
  const all = JSON.parse(document.getElementById("data").textContent);
  const columns = (o, names) => names.forEach((n) => { o[n] = whyres.column(o[n]); });
  for (const rec of all.recordings) {
    for (const line of [rec.res, ...rec.stats]) columns(line, ["at", "value"]);
    columns(rec.marks, ["kind", "from", "to", "calls", "asked", "left", "first", "last"]);
    columns(rec.ledger, ["at", "res"]);
    rec.ledger.layers.forEach((l) => columns(l, ["bytes"]));
    for (const r of rec.space.rows) {
      columns(r, ["mapped", "resident"]);
      if (r.use) columns(r.use, ["in_use", "stacks", "idle", "idle_resident", "released", "released_resident"]);
    }
    rec.begin = Math.min(0, rec.res.at.length ? rec.res.at[0] : 0);
    const end = Math.max(rec.end, rec.res.at[rec.res.at.length - 1] || 0, rec.begin + 1e6), far = end + (end - rec.begin) / 4;
    // What is still to come has room, but not so much that the curves are squeezed.
    rec.stop = Math.max(end, ...rec.foretold.filter((f) => f.open && f.from < far).map((f) => Math.min(f.to, far)));
    whyres.byID[rec.id] = rec;
  }
  whyres.recordings = all.recordings;
  whyres.lab = all.lab;
};

// The last index whose instant is not after t; -1 where none is.
whyres.indexAt = function (at, t) {
  let low = 0, high = at.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (at[mid] <= t) low = mid + 1; else high = mid;
  }
  return low - 1;
};

// What a line was at t: the last reading; null where there is none.
whyres.readingAt = function (line, t) {
  const i = whyres.indexAt(line.at, t);
  return i < 0 || Number.isNaN(line.value[i]) ? null : { at: line.at[i], value: line.value[i], index: i };
};
