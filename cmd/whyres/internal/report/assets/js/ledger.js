"use strict";
// What RES was made of, stacked: what is in use in cool colours, what is free in warm
// ones; a pattern where two of a family stand next to each other.
whyres.layerLook = {
  "file.exe": ["#8d99a6", 0], "file.mapped": ["#b3bcc6", 1], "file": ["#9aa5b1", 0], "shmem": ["#7d6b5d", 2],
  "runtime.metadata": ["#5d6d7e", 2], "threads": ["#6f5f90", 1], "cgo.heap": ["#7a4f9a", 0], "offheap.mmap": ["#a17bbd", 2], "anon": ["#8a7fb0", 0],
  "stacks.inuse": ["#b2679f", 0], "stacks.dead": ["#cf8fbf", 3], "stacks.idle": ["#dfb3d3", 1],
  "heap.live": ["#0072b2", 0], "heap.unsure": ["#2f8fc8", 1], "heap.in_use": ["#2f8fc8", 0], "heap.undivided": ["#2f8fc8", 0],
  "heap.garbage": ["#56b4e9", 3], "heap.fragmentation": ["#8fd0f2", 2], "heap.reserved": ["#cfe8b5", 1],
  "heap.idle": ["#e69f00", 0], "heap.released_resident": ["#d55e00", 3], "unexplained": ["#999999", 3],
};

whyres.decals = [
  { symbol: "none" },
  { symbol: "line", dashArrayX: [1, 0], dashArrayY: [3, 5], rotation: Math.PI / 4, color: "rgba(255,255,255,0.28)" },
  { symbol: "circle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.5, color: "rgba(255,255,255,0.35)" },
  { symbol: "line", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: "rgba(0,0,0,0.22)" },
];

whyres.ledgerOption = function (rec, view, size) {
  const soft = whyres.color("soft"), l = rec.ledger, top = size.wide ? 12 : 40;
  const at = l.at, line = (name, id, values) => ({ id, name, at, value: values });
  // All layers have a point at the same instants: stacks need that.
  const first = Math.max(whyres.indexAt(at, view.from), 0), last = whyres.indexAt(at, view.to);
  const points = (values) => {
    const out = [];
    for (let i = first; i <= last; i++) out.push([Math.max(at[i], view.from) / 1e9, values[i] / whyres.MiB]);
    if (last >= 0 && last >= first) out.push([Math.min(view.to, rec.stop) / 1e9, values[last] / whyres.MiB]);
    return out;
  };
  const series = l.layers.map((layer) => {
    const [color, decal] = whyres.layerLook[layer.id] || ["#777777", 1];
    return {
      name: layer.name, type: "line", stack: "res", step: "end", showSymbol: false, symbol: "none", silent: true, data: points(layer.bytes),
      lineStyle: { width: 0.6, color: whyres.color("card") }, itemStyle: { color, decal: whyres.decals[decal] },
      areaStyle: { color, opacity: 0.92 },
    };
  });
  series.push({
    name: "RES", type: "line", step: "end", showSymbol: false, silent: true, data: points(l.res),
    lineStyle: { color: whyres.color("ink"), width: 1.5, type: [4, 3] }, itemStyle: { color: whyres.color("ink") },
  });
  return {
    animation: false, backgroundColor: "transparent", textStyle: { fontFamily: whyres.font() }, aria: { enabled: false, decal: { show: true } },
    grid: { left: size.left, right: size.right, top, bottom: 28 },
    xAxis: whyres.timeAxis(view, size, size.height - top - 28, {}), yAxis: whyres.axisMiB(size, { min: (v) => v.min > -v.max / 50 ? 0 : v.min }), series,
    legend: {
      type: "scroll", orient: size.wide ? "vertical" : "horizontal", left: 0, top: size.wide ? 8 : 0, bottom: size.wide ? 24 : undefined, right: size.wide ? undefined : 0,
      itemWidth: 14, itemHeight: 11, itemGap: 6, selected: size.picked, pageTextStyle: { color: soft },
      textStyle: { color: whyres.color("ink"), fontSize: 11.5, width: size.left - 92, overflow: "truncate" },
      data: size.wide ? series.map((s) => s.name).reverse() : series.map((s) => s.name),
    },
  };
};

whyres.ledgerTip = function (rec, t) {
  const l = rec.ledger, i = whyres.indexAt(l.at, t), out = [whyres.tipHead(rec, t)];
  if (i < 0) return [...out, whyres.node("div", "tip-note", "not looked at before")];
  out.push(whyres.tipRow("RES", whyres.size(l.res[i]), "ink", "res", { value: l.res[i], at: l.at[i] }));
  for (const layer of [...l.layers].reverse()) {
    if (!layer.bytes[i]) continue;
    const look = whyres.layerLook[layer.id] || ["#777777"];
    out.push(whyres.tipRow(layer.name, whyres.size(layer.bytes[i]), look[0], layer.id, { value: layer.bytes[i], at: l.at[i] }));
  }
  out.push(whyres.node("div", "tip-note", "looked at " + whyres.since(l.at[i])));
  return out;
};
