"use strict";
// Each chart has its values in a table, which is made when it is opened.
whyres.mostRows = 200;

whyres.tableOf = function (head, rows, note) {
  const table = whyres.node("table"), hr = whyres.node("tr"), body = whyres.node("tbody");
  head.forEach((h, i) => {
    const th = whyres.node("th", i ? "num" : "", h);
    th.scope = "col";
    hr.append(th);
  });
  for (const cells of rows) {
    const tr = whyres.node("tr");
    cells.forEach((c, i) => tr.append(whyres.node(i ? "td" : "th", i ? "num" : "", c)));
    body.append(tr);
  }
  const thead = whyres.node("thead");
  thead.append(hr);
  table.append(thead, body);
  return note ? [whyres.node("p", "quiet", note), table] : [table];
};

// So many of the instants as a table can hold, the first and the last among them.
whyres.some = function (at) {
  const n = at.length, most = whyres.mostRows;
  if (n <= most) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round(i * (n - 1) / (most - 1)));
};

whyres.someNote = (n, what) => n > whyres.mostRows ? whyres.mostRows + " of " + whyres.count(n) + " " + what + ", evenly taken." : "";

whyres.timeTable = function (rec) {
  const at = [...new Set([...(rec.stats.length ? rec.stats[1].at : []), ...rec.res.at])].sort((a, b) => a - b);
  const lines = [rec.res, ...rec.stats];
  const rows = whyres.some(at).map((i) => [whyres.since(at[i]), ...lines.map((l) => {
    const r = whyres.readingAt(l, at[i]);
    return r ? whyres.size(r.value) : "";
  })]);
  return whyres.tableOf(["time", ...lines.map((l) => l.name)], rows, whyres.someNote(at.length, "readings"));
};

whyres.ledgerTable = function (rec) {
  const l = rec.ledger;
  const rows = whyres.some(l.at).map((i) => [whyres.since(l.at[i]), whyres.size(l.res[i]), ...l.layers.map((x) => whyres.size(x.bytes[i]))]);
  return whyres.tableOf(["time", "RES", ...l.layers.map((x) => x.name)], rows, whyres.someNote(l.at.length, "looks"));
};

whyres.spaceTable = function (rec) {
  const last = rec.ledger.at.length - 1, size = (v) => Number.isNaN(v) ? "not mapped" : whyres.size(v);
  const rows = rec.space.rows.map((r) => [r.label, (whyres.ownerLook[r.owner] || {}).name || "", whyres.size(r.peak), size(r.resident[last]), size(r.mapped[last])]);
  return whyres.tableOf(["mapping", "of", "most resident", "resident at the end", "mapped at the end"], rows, "");
};

whyres.fillTable = function (el) {
  const makers = { time: whyres.timeTable, ledger: whyres.ledgerTable, space: whyres.spaceTable, over: () => whyres.overTable() };
  el.replaceChildren(...makers[el.dataset.table](whyres.byID[el.dataset.rec]));
};

// What a table showed is no longer so.
whyres.refillTable = (el) => { if (el && el.firstChild) whyres.fillTable(el); };

whyres.fillTables = function () {
  document.querySelectorAll("[data-table]").forEach((el) => {
    el.closest("details").addEventListener("toggle", () => {
      if (!el.firstChild) whyres.fillTable(el);
    });
  });
};
