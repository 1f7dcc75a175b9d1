"use strict";
// The address space over time: a row a mapping, a column a full look.
whyres.ownerLook = {
  heap: { name: "Go heap", color: "inuse" }, runtime: { name: "the Go runtime's own", color: "sys" }, file: { name: "files", color: "soft" }, stack: { name: "stacks of threads", color: "stacks" },
  c: { name: "C's malloc", color: "idle" }, shmem: { name: "shared memory", color: "goal" }, other: { name: "other", color: "released" },
};

whyres.rowHeight = 17;

whyres.spaceOption = function (rec, view, size) {
  const rows = rec.space.rows, at = rec.ledger.at, soft = whyres.color("soft"), line = whyres.color("line");
  const cells = whyres.spaceCells(rec, view, size.plot);
  const colors = rows.map((r) => whyres.color((whyres.ownerLook[r.owner] || whyres.ownerLook.other).color));
  return {
    animation: false, backgroundColor: "transparent", textStyle: { fontFamily: whyres.font() },
    grid: { left: size.left, right: size.right, top: 6, bottom: 28 },
    xAxis: whyres.timeAxis(view, size, size.height - 34, {}),
    yAxis: {
      type: "category", data: rows.map((r) => r.label), inverse: false, axisTick: { show: false }, axisLine: { lineStyle: { color: line } },
      axisLabel: size.wide ? { color: soft, fontSize: 10.5, interval: 0, width: size.left - 12, overflow: "truncate" } :
        { inside: true, color: whyres.color("ink"), fontSize: 9.5, interval: 0, width: size.plot - 8, overflow: "truncate", textBorderColor: whyres.color("card"), textBorderWidth: 2 },
      z: size.wide ? 0 : 5,
      splitLine: { show: true, lineStyle: { color: line, opacity: 0.35 } },
    },
    series: [{
      type: "custom", silent: true, clip: true, data: cells, encode: { x: [0, 1], y: 2 }, dimensions: ["from", "to", "row", "p0", "p1", "p2", "p3", "p4", "p5"],
      renderItem: (p, api) => {
        const row = api.value(2), a = api.coord([api.value(0), row]), b = api.coord([api.value(1), row]);
        const height = Math.max(api.size([0, 1])[1] - 2, 1), box = { x: a[0], y: a[1] - height / 2, width: Math.max(b[0] - a[0] + 0.5, 1), height };
        if (rows[row].use) return whyres.heapField(box, (i) => api.value(3 + i));
        return { type: "rect", shape: box, style: { fill: colors[row], opacity: 0.07 + 0.93 * Math.sqrt(api.value(3)) } };
      },
    }],
    graphic: at.length ? [] : [{ type: "text", left: "center", top: "middle", style: { text: "no full look at the mappings", fill: soft } }],
  };
};

// The fields that differ from the ones before; looks that share a pixel are one.
whyres.spaceCells = function (rec, view, pixels) {
  const rows = rec.space.rows, at = rec.ledger.at, out = [], least = (view.to - view.from) / pixels * 3;
  const shown = [];
  for (let i = Math.max(whyres.indexAt(at, view.from), 0); i < at.length && at[i] <= view.to; i++) {
    if (!shown.length || at[i] - at[shown[shown.length - 1]] >= least) shown.push(i);
  }
  rows.forEach((row, r) => {
    const parts = row.use ? whyres.heapParts(row) : whyres.mappedParts(row);
    let open = null, from = 0;
    const close = (t) => { if (open) out.push([from / 1e9, t / 1e9, r, ...open]); open = null; };
    for (const i of shown) {
      const now = Number.isNaN(row.mapped[i]) ? null : parts(i);
      if (open && now && open.every((v, k) => Math.abs(v - now[k]) < 0.004)) continue;
      const t = Math.max(at[i], view.from);
      close(t);
      open = now;
      from = t;
    }
    close(Math.min(view.to, rec.stop));
  });
  return out;
};

// Of a mapping: which part of it is resident.
whyres.mappedParts = (row) => (i) => [row.mapped[i] ? Math.min(row.resident[i] / row.mapped[i], 1) : 1];

// Of a piece of the heap: what it is used for, as parts of the most that it held.
whyres.heapParts = function (row) {
  const whole = Math.max(1, ...row.mapped.filter((v) => !Number.isNaN(v))), u = row.use;
  return (i) => [u.in_use[i], u.stacks[i], u.idle_resident[i], u.idle[i] - u.idle_resident[i], u.released_resident[i], u.released[i] - u.released_resident[i]]
    .map((v) => Math.max(v, 0) / whole);
};

whyres.heapLook = [
  { name: "in use", fill: "#0072b2", opacity: 1 }, { name: "stacks", fill: "#b2679f", opacity: 1 },
  { name: "free, resident", fill: "#e69f00", opacity: 1 }, { name: "free, not resident", fill: "#e69f00", opacity: 0.28 },
  { name: "released, yet resident", fill: "#d55e00", opacity: 1 }, { name: "released", fill: "#00815f", opacity: 0.22 },
];

// A field of the heap is divided in its height, as the parts are.
whyres.heapField = function (box, part) {
  const children = [];
  let y = box.y + box.height;
  whyres.heapLook.forEach((look, i) => {
    const height = part(i) * box.height;
    y -= height;
    if (height > 0.2) children.push({ type: "rect", shape: { x: box.x, y, width: box.width, height }, style: { fill: look.fill, opacity: look.opacity } });
  });
  return { type: "group", children };
};

whyres.heapKey = function (rec, el) {
  if (!rec.space.rows.some((r) => r.use)) return;
  el.append(" In a row of Go's heap:");
  for (const look of whyres.heapLook) {
    const one = whyres.node("span", "key"), dot = whyres.node("i");
    Object.assign(dot.style, { background: look.fill, opacity: look.opacity });
    one.append(dot, look.name);
    el.append(one);
  }
};

whyres.spaceTip = function (rec, t, reach, chart) {
  const at = rec.ledger.at, i = whyres.indexAt(at, t), rows = rec.space.rows, out = [whyres.tipHead(rec, t)];
  if (i < 0) return [...out, whyres.node("div", "tip-note", "not looked at before")];
  const h = (chart.el.clientHeight - 34) / Math.max(rows.length, 1);
  const r = rows.length - 1 - Math.floor(((chart.y || 10) - 6) / h), row = rows[Math.min(Math.max(r, 0), rows.length - 1)];
  if (!row) return out;
  const look = whyres.ownerLook[row.owner] || whyres.ownerLook.other;
  out.push(whyres.node("div", "", row.label));
  if (Number.isNaN(row.mapped[i])) return [...out, whyres.node("div", "tip-note", "not mapped then")];
  out.push(whyres.tipRow("resident", whyres.size(row.resident[i]), look.color, "resident", { value: row.resident[i], at: at[i] }));
  out.push(whyres.tipRow("mapped", whyres.size(row.mapped[i]), "", "mapped", { value: row.mapped[i], at: at[i] }));
  if (row.use) {
    const u = row.use, part = (name, bytes, color) => bytes && out.push(whyres.tipRow(name, whyres.size(bytes), color));
    part("in use", u.in_use[i], "#0072b2");
    part("stacks", u.stacks[i], "#b2679f");
    part("free, resident", u.idle_resident[i], "#e69f00");
    part("free, not resident", u.idle[i] - u.idle_resident[i], "#f0d08a");
    part("released, yet resident", u.released_resident[i], "#d55e00");
    part("released", u.released[i] - u.released_resident[i], "#00815f");
  }
  out.push(whyres.node("div", "tip-note", look.name + " · looked at " + whyres.since(at[i])));
  return out;
};
