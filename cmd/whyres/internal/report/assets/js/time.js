"use strict";
// The two graphs of the question on one axis: RES, and below it what the Go runtime
// says; between them what happened.
whyres.timeOption = function (rec, view, size) {
  const lanes = whyres.lanesOf(rec), row = 19, top = 34;
  const lanesHeight = lanes.length * row, graphs = size.height - top - lanesHeight - 12 - 44 - 28;
  const stats = rec.stats.length > 0, h = stats ? graphs / 2 : graphs;
  const at = { res: top, lanes: top + h + 12, stats: top + h + 12 + lanesHeight + 44 };
  const ink = whyres.color("ink"), soft = whyres.color("soft");
  const grid = (y, height) => ({ left: size.left, right: size.right, top: y, height });
  const title = (text, sub, y) => ({
    text, subtext: size.wide ? sub : "", left: size.wide ? 4 : size.left, top: size.wide ? y : y - 26, itemGap: 3,
    textStyle: { color: ink, fontSize: 14, fontWeight: 600 }, subtextStyle: { color: soft, fontSize: 11.5, lineHeight: 15 },
  });
  const axis = (i, height, labels) => {
    const x = whyres.timeAxis(view, size, height, { gridIndex: i });
    x.axisLabel.show = labels;
    return x;
  };
  const option = {
    animation: false, backgroundColor: "transparent", textStyle: { fontFamily: whyres.font() },
    grid: [grid(at.res, h), grid(at.lanes, Math.max(lanesHeight, 1))],
    xAxis: [axis(0, h, false), axis(1, lanesHeight, !stats)],
    yAxis: [whyres.axisMiB(size, { gridIndex: 0 }), {
      gridIndex: 1, type: "category", inverse: true, data: lanes.map((l) => l.name), axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { color: soft, fontSize: 11.5, interval: 0, width: 120, overflow: "truncate" }, splitLine: { show: true, lineStyle: { color: whyres.color("line"), opacity: 0.5 } },
    }],
    title: [title("RES", "resident memory\nas top shows it", at.res)],
    series: [whyres.resSeries(rec, view, size), ...lanes.map((l, i) => whyres.laneSeries(rec, view, size, l, i))],
  };
  if (!stats) return option;
  option.grid.push(grid(at.stats, h));
  option.xAxis.push(axis(2, h, true));
  option.yAxis.push(whyres.axisMiB(size, { gridIndex: 2 }));
  option.title.push(title("MemStats", "what the Go runtime\nsays of its heap", at.stats));
  option.series.push(...rec.stats.map((l) => whyres.statSeries(rec, view, size, l)));
  option.legend = {
    top: at.stats - 32, left: size.wide ? size.left : size.left + 86, right: size.right, type: "scroll", itemWidth: 30, itemGap: 14, icon: "inherit",
    textStyle: { color: ink, fontSize: 12 }, data: rec.stats.map((l) => l.name), selected: size.picked, pageTextStyle: { color: soft },
  };
  return option;
};

whyres.resSeries = function (rec, view, size) {
  const color = whyres.color("res"), peak = whyres.greatest(rec.res, view.from, view.to);
  const gcs = whyres.laneMarks(rec, "gc", view.from, view.to, size.plot);
  return {
    name: "RES", type: "line", step: "end", xAxisIndex: 0, yAxisIndex: 0, showSymbol: false, silent: true, z: 3,
    data: whyres.windowed(rec.res, view.from, view.to, size.plot),
    lineStyle: { color, width: 2 }, itemStyle: { color },
    areaStyle: { color: { type: "linear", x: 0, y: 0, x2: 0, y2: 1, colorStops: [{ offset: 0, color: color + "66" }, { offset: 1, color: color + "0a" }] } },
    markLine: gcs.length > 60 ? undefined : {
      silent: true, symbol: "none", label: { show: false }, lineStyle: { color: whyres.color("soft"), type: [2, 4], width: 1, opacity: 0.7 },
      data: gcs.map((g) => ({ xAxis: g.at / 1e9 })),
    },
    markArea: whyres.foretoldAreas(rec, view),
    markPoint: peak ? { silent: true, data: [whyres.peakPoint(peak, view, color), ...whyres.fallPoints(rec, view, size, peak.value)] } : undefined,
  };
};

whyres.peakPoint = (peak, view, color) => ({
  coord: [peak.at / 1e9, peak.value / whyres.MiB], symbol: "circle", symbolSize: 7, itemStyle: { color },
  label: { position: "top", align: whyres.side(peak.at, view), distance: 7, color: whyres.color("ink"), fontWeight: 600, formatter: "peak " + whyres.size(peak.value) },
});

// Text at an edge stands on the side where there is room.
whyres.side = (t, view) => t < view.from + (view.to - view.from) * 0.1 ? "left" : t > view.to - (view.to - view.from) * 0.1 ? "right" : "center";

// The largest releases after which RES was lower are told at the curve: how much left
// RES, and by whom; no text over another.
whyres.fallPoints = function (rec, view, size, peak) {
  const span = view.to - view.from, pixels = size.plot / 6, points = [], taken = [];
  const fell = (m) => {
    const before = whyres.readingAt(rec.res, m.since - 1), after = whyres.readingAt(rec.res, m.until);
    return before && after && before.value - after.value >= m.left / 2;
  };
  const list = whyres.laneMarks(rec, "returned", view.from, view.to, pixels).filter((m) => m.left >= peak / 12).sort((a, b) => b.left - a.left);
  for (const m of list.slice(0, 12)) {
    if (points.length === (size.wide ? 3 : 1) || !fell(m)) continue;
    const most = whyres.happened(rec, m.at, span / pixels * 4).filter((h) => h.kind.lane === "returned").sort((a, b) => b.left - a.left)[0];
    const text = whyres.size(m.left) + " left RES" + (size.wide && most ? " · " + (most.kind.who_name || most.kind.call) : "");
    const x = (m.until - view.from) / span * size.plot, width = 24 + 7.5 * text.length, right = size.plot - x > width; // about as wide as the text is
    const room = right ? [x, x + width] : [x - width, x];
    if (taken.some((t) => t[0] < room[1] && room[0] < t[1])) continue;
    taken.push(room);
    points.push(whyres.fallPoint(Math.min(m.until, view.to), whyres.readingAt(rec.res, m.until).value, text, right));
  }
  return points;
};

whyres.fallPoint = (t, res, text, right) => ({
  coord: [t / 1e9, res / whyres.MiB], symbol: "triangle", symbolRotate: 180, symbolSize: 9, symbolOffset: [0, -6], itemStyle: { color: whyres.color("released") },
  label: { position: right ? [16, -16] : [-8, -16], align: right ? "left" : "right", color: whyres.color("released"), fontWeight: 600, formatter: text },
});

// Forecasts are bands: what was said to leave RES, and when. Of many the last ones are
// drawn, and the first band says how many more there are.
whyres.mostBands = 20;
whyres.foretoldAreas = function (rec, view) {
  const all = rec.foretold.filter((f) => f.to >= view.from && (f.from <= view.to || whyres.beyond(f, rec, view))), list = all.slice(-whyres.mostBands);
  if (!list.length) return undefined;
  const more = all.length - list.length;
  return {
    silent: true, itemStyle: { color: whyres.color("accent"), opacity: 0.1 },
    label: { color: whyres.color("soft"), fontSize: 11, position: "insideTop" },
    data: list.map((f, i) => whyres.foretoldArea(f, rec, view, i === 0 ? more : 0)),
  };
};

// A forecast that is open, and due after the end of the time that is shown.
whyres.beyond = (f, rec, view) => f.open && f.from > view.to && view.to >= rec.stop;

whyres.foretoldArea = function (f, rec, view, more) {
  const beyond = whyres.beyond(f, rec, view), edge = view.to - (view.to - view.from) / 200;
  const what = f.open ? ", " + whyres.since(Math.round(f.from / 1e8) * 1e8) + " or later" + (beyond ? " →" : "") : f.held ? " ✔ held" : " ✘ missed";
  const late = beyond || f.from > view.from + (view.to - view.from) * 0.75;
  return [{
    xAxis: (beyond ? edge : Math.max(f.from, view.from)) / 1e9, label: late ? { position: "insideTopRight" } : undefined,
    name: "foretold " + whyres.size(f.bytes) + what + (more ? "\n" + whyres.count(more) + " more before it" : ""),
  }, { xAxis: (f.open && f.to <= f.from ? view.to : Math.min(f.to, view.to)) / 1e9 }];
};

whyres.laneSeries = function (rec, view, size, lane, i) {
  const list = whyres.laneMarks(rec, lane.id, view.from, view.to, size.plot), color = whyres.color(lane.color);
  const weight = (m) => Math.max(Math.abs(m.left), lane.id === "mapped" ? m.asked : 0), most = Math.max(1, ...list.map(weight));
  const sized = lane.id === "returned" || lane.id === "mapped";
  return {
    name: lane.name, type: "scatter", xAxisIndex: 1, yAxisIndex: 1, silent: true, symbol: lane.symbol, symbolRotate: lane.turn || 0,
    itemStyle: { color, opacity: 0.85 }, clip: true,
    symbolSize: (v) => sized ? 6 + 9 * Math.sqrt(v[2] / most) : lane.id === "other" ? 5 : 9,
    label: { show: lane.id === "gc", position: "right", distance: 2, fontSize: 10, color: whyres.color("soft"), formatter: (p) => p.value[3] },
    labelLayout: { hideOverlap: true },
    data: list.map((m) => [m.at / 1e9, i, weight(m), whyres.gcText(m)]),
  };
};

whyres.statSeries = function (rec, view, size, line) {
  const look = whyres.statLook[line.id] || { color: "soft", dash: "solid", width: 1 }, color = whyres.color(look.color);
  return {
    name: line.name, type: "line", step: "end", xAxisIndex: 2, yAxisIndex: 2, showSymbol: false, silent: true, symbol: "none",
    data: whyres.windowed(line, view.from, view.to, size.plot), connectNulls: false,
    lineStyle: { color, width: look.width, type: look.dash }, itemStyle: { color }, areaStyle: look.area ? { color, opacity: 0.12 } : undefined,
  };
};

// What the box says of an instant.
whyres.timeTip = function (rec, t, reach) {
  const out = [whyres.tipHead(rec, t)];
  const reading = (line, color) => {
    const r = whyres.readingAt(line, t);
    out.push(whyres.tipRow(line.name, r ? whyres.size(r.value) : "not read", color, line.id, r));
  };
  reading(rec.res, "res");
  for (const line of rec.stats) reading(line, (whyres.statLook[line.id] || {}).color);
  const list = whyres.happened(rec, t, reach);
  for (const h of list.slice(0, 5)) out.push(whyres.node("div", "tip-note", whyres.happenedText(h)));
  if (list.length > 5) out.push(whyres.node("div", "tip-note", "and " + (list.length - 5) + " kinds more"));
  return out;
};

whyres.tipHead = function (rec, t) {
  const head = whyres.node("div", "tip-at", whyres.since(t));
  const clock = rec && whyres.clock(rec, t);
  if (clock) head.append(whyres.node("span", "quiet", "  " + clock));
  return head;
};

// The exact bytes stand in the row's data, for those who look closely.
whyres.tipRow = function (name, value, color, id, reading) {
  const row = whyres.node("div", "tip-row"), left = whyres.node("span");
  if (color) {
    const dot = whyres.node("i");
    dot.style.background = color.startsWith("#") ? color : whyres.color(color);
    left.append(dot);
  }
  left.append(name);
  row.append(left, whyres.node("b", "", value));
  if (id) row.dataset.of = id;
  if (reading) Object.assign(row.dataset, { bytes: reading.value, at: reading.at });
  return row;
};
