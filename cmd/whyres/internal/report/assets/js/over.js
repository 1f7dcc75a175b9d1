"use strict";
// The curves of several recordings over each other.
whyres.overLooks = ["res", "idle", "released", "stacks", "goal", "sys"];
whyres.overDashes = ["solid", [8, 4], [2, 3], [10, 3, 2, 3], [14, 5], [4, 2, 1, 2]];

// Where a curve is laid over the others: ns since its trace began.
whyres.alignAt = function (rec, where) {
  const { at, value } = rec.res, top = Math.max(...value.filter((v) => !Number.isNaN(v)), 0), near = top - Math.max(256 << 10, top / 50);
  const high = [];
  for (let i = 0; i < at.length; i++) if (value[i] >= near) high.push(i);
  switch (where) {
    case "peak": return at[high[0]] || 0;
    case "fall": return at[Math.min(high[high.length - 1] + 1, at.length - 1)] || 0;
  }
  return where === "burst" && rec.burst_end !== null ? rec.burst_end : rec.begin;
};

// Curves of one name are told apart by a number: the legend knows them by name.
whyres.numbered = function (lines) {
  const seen = new Map(), names = new Set(lines.map((l) => l.name));
  for (const l of lines) {
    const n = (seen.get(l.name) || 0) + 1, name = l.name;
    seen.set(name, n);
    if (n === 1) continue;
    for (let k = n; names.has(l.name); k++) l.name = name + " (" + k + ")";
    names.add(l.name);
  }
  return lines;
};

whyres.startOver = function () {
  const el = document.getElementById("over");
  if (!el) return;
  let lines = [], view = null, chart = null;
  const align = (where) => {
    lines = whyres.recordings.map((rec) => {
      const by = whyres.alignAt(rec, where);
      return { id: rec.id, name: rec.name, again: rec.again, value: rec.res.value, at: rec.res.at.map((t) => t - by) };
    }).filter((l) => l.at.length);
    const begin = Math.min(...lines.map((l) => l.at[0]), 0), stop = Math.max(...lines.map((l) => l.at[l.at.length - 1]), begin + 1e6);
    if (!view) view = new whyres.View(begin, stop);
    Object.assign(view, { begin, stop, from: begin, to: stop });
    whyres.overLines = whyres.numbered(lines);
    view.readings = Float64Array.from(new Set(lines.flatMap((l) => [...l.at]))).sort();
    if (chart) chart.draw();
    whyres.refillTable(document.querySelector('[data-table="over"]'));
  };
  // What a lab compares begins with the burst's end.
  const burst = whyres.recordings.every((r) => r.burst_end !== null), press = (where) => {
    document.querySelectorAll("[data-align]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.align === where)));
    align(where);
  };
  press(burst ? "burst" : "start");
  const look = (i) => ({ color: whyres.color(whyres.overLooks[i % whyres.overLooks.length]), type: whyres.overDashes[Math.floor(i / whyres.overLooks.length + i) % whyres.overDashes.length] });
  // Of a setting that ran several times the first run is shown until others are asked for.
  const first = Object.fromEntries(lines.filter((l) => l.again).map((l) => [l.name, false]));
  chart = new whyres.Chart(el, view, (size) => ({
    animation: false, backgroundColor: "transparent", textStyle: { fontFamily: whyres.font() },
    grid: { left: size.left, right: size.right, top: size.wide ? 12 : 40, bottom: 28 },
    xAxis: whyres.timeAxis(view, size, size.height - (size.wide ? 12 : 40) - 28, {}), yAxis: whyres.axisMiB(size, {}),
    legend: {
      type: "scroll", orient: size.wide ? "vertical" : "horizontal", left: 0, top: size.wide ? 8 : 0, bottom: size.wide ? 24 : undefined, itemWidth: 26, icon: "inherit",
      textStyle: { color: whyres.color("ink"), fontSize: 12, width: size.wide ? size.left - 100 : undefined, overflow: "break", lineHeight: 13 }, selected: { ...first, ...size.picked }, data: lines.map((l) => l.name),
    },
    series: lines.map((l, i) => ({
      name: l.name, type: "line", step: "end", showSymbol: false, symbol: "none", silent: true, data: whyres.windowed(l, view.from, view.to, size.plot),
      lineStyle: { width: 2, ...look(i) }, itemStyle: { color: look(i).color },
    })),
  }), (t) => [whyres.tipHead(null, t), ...lines.map((l, i) => {
    const r = whyres.readingAt(l, t);
    return whyres.tipRow(l.name, r ? whyres.size(r.value) : "not read", look(i).color, l.id, r);
  })]);
  document.querySelector('[data-align="burst"]').hidden = !whyres.recordings.some((r) => r.burst_end !== null);
  document.querySelectorAll("[data-align]").forEach((button) => button.addEventListener("click", () => {
    press(button.dataset.align);
  }));
};

whyres.overTable = function () {
  const lines = whyres.overLines || [];
  const rows = lines.map((l) => {
    const best = whyres.greatest(l, -Infinity, Infinity), last = l.at.length - 1;
    return [l.name, best ? whyres.size(best.value) : "", best ? whyres.since(best.at) : "", whyres.size(l.value[last]), whyres.since(l.at[last])];
  });
  return whyres.tableOf(["recording", "peak RES", "at", "RES at the end", "at"], rows, "");
};
