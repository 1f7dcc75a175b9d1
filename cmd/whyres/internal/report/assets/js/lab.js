"use strict";
// The settings of a lab as bars, one small chart a measure.
// The unit of an axis: such that its ticks are round numbers.
whyres.labUnit = function (unit, most) {
  const units = {
    bytes: [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]], ns: [[60e9, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "µs"]],
    byte_seconds: [[60 * 2 ** 30, "GiB·min"], [60 * 2 ** 20, "MiB·min"], [60 * 2 ** 10, "KiB·min"]],
  }[unit] || [[1, ""]];
  return units.find(([by]) => most >= 1.5 * by) || units[units.length - 1];
};

whyres.startLab = function () {
  const host = document.getElementById("bars");
  if (!host || !whyres.lab) return;
  for (const m of whyres.lab.measures) {
    const box = whyres.node("div", "mini"), el = whyres.node("div", "chart");
    el.setAttribute("role", "img");
    el.setAttribute("aria-label", m.name + " by setting; the values are in the table above");
    box.append(whyres.node("h3", "", m.name), whyres.node("p", "quiet", m.what), el);
    host.append(box);
    el.style.height = 34 + 26 * m.rows.length + "px";
    const lib = echarts.init(el, null, { renderer: "canvas" }), draw = () => lib.setOption(whyres.barsOption(m, el.clientWidth), { notMerge: true });
    whyres.drawn.add(draw);
    new ResizeObserver(() => { lib.resize(); draw(); }).observe(el);
    draw();
  }
};

whyres.barsOption = function (m, width) {
  const soft = whyres.color("soft"), ink = whyres.color("ink"), left = Math.min(190, width * 0.42);
  const [by, unit] = whyres.labUnit(m.unit, Math.max(...m.rows.map((r) => r.max)));
  return {
    animation: false, backgroundColor: "transparent", textStyle: { fontFamily: whyres.font() },
    grid: { left, right: 92, top: 4, bottom: 26 },
    xAxis: {
      type: "value", min: 0, splitNumber: 3, splitLine: { lineStyle: { color: whyres.color("line") } },
      axisLabel: { color: soft, fontSize: 10.5, formatter: (v) => v + (v ? " " + unit : ""), hideOverlap: true },
    },
    yAxis: {
      type: "category", inverse: true, data: m.rows.map((r) => r.name), axisTick: { show: false }, axisLine: { lineStyle: { color: whyres.color("line") } },
      axisLabel: { color: ink, fontSize: 11.5, interval: 0, width: left - 10, overflow: "break", lineHeight: 12 },
    },
    series: [{
      type: "bar", silent: true, barWidth: 13, data: m.rows.map((r) => ({
        value: r.median / by, itemStyle: { color: whyres.color(r.good ? "released" : "res"), opacity: r.good ? 1 : 0.75, borderRadius: [0, 3, 3, 0], decal: r.at_least ? whyres.hatch() : undefined },
      })),
    }, {
      type: "custom", silent: true, z: 3, encode: { x: [0, 1], y: 2 }, data: m.rows.map((r, i) => [r.min / by, r.max / by, i]), renderItem: whyres.whisker,
    }, {
      type: "scatter", silent: true, symbolSize: 0, data: m.rows.map((r, i) => [r.max / by, i]),
      label: { show: true, position: "right", distance: 8, color: ink, fontSize: 11, formatter: (p) => (m.rows[p.dataIndex].good ? "▸ " : "") + m.rows[p.dataIndex].text },
    }],
  };
};

// Hatched is what may be more than the bar says.
whyres.hatch = () => ({ symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 3], rotation: -Math.PI / 4, color: whyres.color("card") });

// The spread of a bar: a line from the least to the greatest run.
whyres.whisker = function (p, api) {
  const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), api.value(2)]), h = 4;
  const style = { stroke: whyres.color("ink"), lineWidth: 1.3 };
  if (b[0] - a[0] < 1) return null; // an empty group would leave the lines of a wider chart where they were
  const stroke = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
  return { type: "group", children: [stroke(a[0], a[1], b[0], b[1]), stroke(a[0], a[1] - h, a[0], a[1] + h), stroke(b[0], b[1] - h, b[0], b[1] + h)] };
};
