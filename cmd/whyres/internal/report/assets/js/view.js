"use strict";
// A view is the time axis that charts share: what stretch of time they show, and
// where the cursor is. Instants are ns.
whyres.View = class {
  constructor(begin, stop) {
    Object.assign(this, { begin, stop, from: begin, to: stop, cursor: null, charts: [], readings: null });
  }

  show(from, to) {
    const least = Math.min(1e5, this.stop - this.begin); // 0.1 ms
    let width = Math.min(Math.max(to - from, least), this.stop - this.begin);
    if (from < this.begin) from = this.begin;
    if (from + width > this.stop) from = this.stop - width;
    this.from = from;
    this.to = from + width;
    this.charts.forEach((c) => c.draw());
    this.point(this.cursor);
  }

  zoom(factor, around) {
    const at = around === undefined || around === null ? (this.from + this.to) / 2 : around;
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  move(part) {
    const by = (this.to - this.from) * part;
    this.show(this.from + by, this.to + by);
  }

  reset() { this.show(this.begin, this.stop); }

  // The cursor is a line in every chart; the chart that is asked tells the values.
  point(t, teller) {
    this.cursor = t;
    this.charts.forEach((c) => c.point(t, c === teller));
  }

  // The cursor goes to the next reading, or the one before.
  step(by, teller) {
    if (!this.readings) return;
    const at = this.readings, t = this.cursor === null ? (by > 0 ? this.from - 1 : this.to + 1) : this.cursor;
    let i = whyres.indexAt(at, t);
    if (by > 0) i++; else if (i >= 0 && at[i] === t) while (i >= 0 && at[i] === t) i--;
    if (i < 0 || i >= at.length) return;
    const next = at[i];
    if (next < this.from || next > this.to) this.show(next - (this.to - this.from) / 2, next + (this.to - this.from) / 2);
    this.point(next, teller);
  }
};

// A chart over the view's time: option(size) makes what the library draws, tip(t)
// the lines that tell of an instant.
whyres.Chart = class {
  constructor(el, view, option, tip) {
    Object.assign(this, { el, view, option, tip, picked: {} });
    this.lib = echarts.init(el, null, { renderer: "canvas" });
    this.cursor = el.appendChild(whyres.node("div", "cursor"));
    this.band = el.appendChild(whyres.node("div", "band"));
    this.box = el.appendChild(whyres.node("div", "tip"));
    this.lib.on("legendselectchanged", (e) => { this.picked = e.selected; });
    view.charts.push(this);
    whyres.drawn.add(() => this.draw());
    new ResizeObserver(() => this.fit()).observe(el);
    whyres.control(this);
    this.draw();
  }

  margins() { return whyres.margins(this.el.clientWidth); }

  fit() {
    if (!this.el.clientWidth || this.el.clientWidth === this.lib.getWidth() && this.el.clientHeight === this.lib.getHeight()) return;
    this.lib.resize();
    this.draw();
  }

  draw() {
    if (!this.el.clientWidth) return;
    const m = this.margins(), plot = Math.max(this.el.clientWidth - m.left - m.right, 50);
    this.lib.setOption(this.option({ ...m, plot, width: this.el.clientWidth, height: this.el.clientHeight, picked: this.picked }), { notMerge: true });
  }

  // Pixels from the left of the chart to an instant, and back.
  timeAt(x) {
    const m = this.margins(), plot = this.el.clientWidth - m.left - m.right;
    return this.view.from + Math.min(Math.max((x - m.left) / plot, 0), 1) * (this.view.to - this.view.from);
  }

  pixelAt(t) {
    const m = this.margins(), plot = this.el.clientWidth - m.left - m.right;
    return m.left + (t - this.view.from) / (this.view.to - this.view.from) * plot;
  }

  point(t, tell) {
    const seen = t !== null && t >= this.view.from && t <= this.view.to;
    this.cursor.style.display = seen ? "block" : "none";
    this.box.style.display = "none";
    if (!seen) return;
    const x = this.pixelAt(t);
    this.cursor.style.left = x + "px";
    if (!tell) return;
    this.box.replaceChildren(...this.tip(t, (this.view.to - this.view.from) / this.el.clientWidth * 4));
    this.box.style.display = "block";
    const room = this.el.clientWidth, w = this.box.offsetWidth;
    this.box.style.left = Math.max(0, x + 14 + w <= room ? x + 14 : x - 14 - w) + "px";
    this.box.style.top = Math.max(0, Math.min((this.y || 40) - 20, this.el.clientHeight - this.box.offsetHeight)) + "px";
  }
};

// All charts have the same margins, so that their times stand below each other.
whyres.margins = (width) => width >= 1000 ? { left: 236, right: 24, wide: true } : width >= 760 ? { left: 190, right: 20, wide: true } : { left: 62, right: 12, wide: false };

// An axis of time below a grid of that height; its ticks go all the way up.
whyres.timeAxis = function (view, size, height, more) {
  const from = view.from / 1e9, to = view.to / 1e9, t = whyres.ticks(from, to, size.plot);
  const line = whyres.color("line"), soft = whyres.color("soft");
  return Object.assign({
    type: "value", min: from, max: to, axisLine: { lineStyle: { color: line } }, splitLine: { show: false },
    axisTick: { customValues: t.values, inside: true, length: height, lineStyle: { color: line, opacity: 0.6 } },
    axisLabel: { customValues: t.values, color: soft, hideOverlap: true, margin: 8, formatter: whyres.tickText(t.step) },
  }, more);
};

whyres.flush = function () {
  whyres.drawn.forEach((draw) => draw());
  document.querySelectorAll(".chart").forEach((el) => {
    const lib = echarts.getInstanceByDom(el);
    if (lib) { lib.resize(); lib.getZr().flush(); }
  });
};
