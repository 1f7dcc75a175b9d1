"use strict";
// Mouse, touch and keyboard on a chart of time.
whyres.control = function (chart) {
  const { el, view } = chart;
  const place = (e) => e.clientX - el.getBoundingClientRect().left;
  let held = null;

  el.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    held = { x: place(e), far: false };
    el.focus({ preventScroll: true });
  });
  el.addEventListener("pointermove", (e) => {
    const x = place(e);
    chart.y = e.clientY - el.getBoundingClientRect().top;
    if (held && Math.abs(x - held.x) > 4) {
      if (!held.far) el.setPointerCapture(e.pointerId);
      held.far = true;
      const m = chart.margins(), clip = (v) => Math.min(Math.max(v, m.left), el.clientWidth - m.right);
      const a = clip(Math.min(x, held.x)), b = clip(Math.max(x, held.x));
      Object.assign(chart.band.style, { display: "block", left: a + "px", width: b - a + "px" });
    }
    view.point(chart.timeAt(x), chart);
  });
  el.addEventListener("pointerup", (e) => {
    const was = held;
    held = null;
    chart.band.style.display = "none";
    if (!was || !was.far) return;
    const a = chart.timeAt(Math.min(place(e), was.x)), b = chart.timeAt(Math.max(place(e), was.x));
    if (b > a) view.show(a, b);
  });
  el.addEventListener("pointercancel", () => { held = null; chart.band.style.display = "none"; });
  el.addEventListener("pointerleave", () => { if (!held) view.point(null); });
  el.addEventListener("dblclick", () => view.reset());
  // The wheel belongs to the page until a chart has been clicked, or Ctrl is held.
  el.addEventListener("wheel", (e) => {
    if (!e.ctrlKey && document.activeElement !== el) return;
    e.preventDefault();
    view.zoom(Math.exp(Math.min(Math.max(e.deltaY, -200), 200) / 400), chart.timeAt(place(e)));
  }, { passive: false });
  el.addEventListener("keydown", (e) => {
    if (e.altKey || e.metaKey || e.ctrlKey) return;
    const keys = {
      "+": () => view.zoom(0.5, view.cursor), "=": () => view.zoom(0.5, view.cursor), "-": () => view.zoom(2, view.cursor),
      "0": () => view.reset(), Home: () => view.show(view.begin, view.begin + view.to - view.from),
      End: () => view.show(view.stop - view.to + view.from, view.stop), Escape: () => view.point(null),
      ArrowLeft: () => e.shiftKey ? view.step(-1, chart) : view.move(-0.2),
      ArrowRight: () => e.shiftKey ? view.step(1, chart) : view.move(0.2),
    };
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
    whyres.say(chart);
  });
};

// What a screen reader is told after a key.
whyres.say = function (chart) {
  const live = document.getElementById(chart.el.dataset.rec + "-live");
  if (!live) return;
  const v = chart.view;
  live.textContent = v.cursor !== null && chart.box.style.display === "block" ? chart.box.innerText.replace(/\s+/g, " ") :
    "Shown: " + whyres.since(v.from) + " to " + whyres.since(v.to);
};
