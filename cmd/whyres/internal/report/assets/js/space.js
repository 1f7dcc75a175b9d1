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
      axisLabel: { show: size.wide, color: soft, fontSize: 10.5, interval: 0, width: size.left - 12, overflow: "truncate" },
      splitLine: { show: true, lineStyle: { color: line, opacity: 0.35 } },
    },
    series: [{
      type: "custom", silent: true, clip: true, data: cells, encode: { x: [0, 1], y: 2 }, dimensions: ["from", "to", "row", "share"],
      renderItem: (p, api) => {
        const row = api.value(2), a = api.coord([api.value(0), row]), b = api.coord([api.value(1), row]);
        const height = Math.max(api.size([0, 1])[1] - 2, 1);
        return {
          type: "rect", shape: { x: a[0], y: a[1] - height / 2, width: Math.max(b[0] - a[0] + 0.5, 1), height },
          style: { fill: colors[row], opacity: 0.07 + 0.93 * Math.sqrt(api.value(3)) },
        };
      },
    }],
    graphic: at.length ? [] : [{ type: "text", left: "center", top: "middle", style: { text: "no full look at the mappings", fill: soft } }],
  };
};

// The fields that differ from the ones before; looks that share a pixel are one.
whyres.spaceCells = function (rec, view, pixels) {
  const rows = rec.space.rows, at = rec.ledger.at, out = [], least = (view.to - view.from) / pixels * 2;
  const shown = [];
  for (let i = Math.max(whyres.indexAt(at, view.from), 0); i < at.length && at[i] <= view.to; i++) {
    if (!shown.length || at[i] - at[shown[shown.length - 1]] >= least) shown.push(i);
  }
  rows.forEach((row, r) => {
    let open = null;
    const close = (t) => { if (open) out.push([open.from / 1e9, t / 1e9, r, open.share]); open = null; };
    for (const i of shown) {
      const t = Math.max(at[i], view.from), mapped = row.mapped[i], share = Number.isNaN(mapped) ? -1 : mapped ? Math.min(row.resident[i] / mapped, 1) : 1;
      if (open && Math.abs(open.share - share) < 0.004) continue;
      close(t);
      if (share >= 0) open = { from: t, share };
    }
    close(Math.min(view.to, rec.stop));
  });
  return out;
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
  out.push(whyres.node("div", "tip-note", look.name + " · looked at " + whyres.since(at[i])));
  return out;
};
