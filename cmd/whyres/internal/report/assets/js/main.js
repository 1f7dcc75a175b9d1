"use strict";
// All charts of one recording share a view.
whyres.startRecording = function (rec) {
  const section = document.getElementById(rec.id), view = new whyres.View(rec.begin, rec.stop);
  rec.view = view;
  view.readings = rec.res.at;
  const chart = (kind, option, tip) => {
    const el = section.querySelector('[data-chart="' + kind + '"]');
    if (!el) return;
    if (kind === "space") el.style.height = 40 + whyres.rowHeight * Math.max(rec.space.rows.length, 4) + "px";
    const c = new whyres.Chart(el, view, (size) => option(rec, view, size), (t, reach) => tip(rec, t, reach, c));
  };
  chart("time", whyres.timeOption, whyres.timeTip);
  chart("ledger", whyres.ledgerOption, whyres.ledgerTip);
  chart("space", whyres.spaceOption, whyres.spaceTip);
  section.querySelectorAll("[data-do]").forEach((b) => b.addEventListener("click", () => {
    ({ in: () => view.zoom(0.5, view.cursor), out: () => view.zoom(2, view.cursor), reset: () => view.reset() })[b.dataset.do]();
  }));
};

whyres.start = function () {
  whyres.load();
  whyres.startTheme();
  whyres.startLab();
  whyres.startOver();
  for (const rec of whyres.recordings) {
    const fold = document.getElementById(rec.id).closest("details.fold");
    if (!fold) whyres.startRecording(rec);
    else fold.addEventListener("toggle", () => { if (!rec.view) whyres.startRecording(rec); });
  }
  whyres.fillTables();
  document.documentElement.dataset.ready = "true";
};

whyres.start();
