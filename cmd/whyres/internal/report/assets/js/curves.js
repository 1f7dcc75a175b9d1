"use strict";
// What of a line is drawn in a stretch of time: [seconds, MiB] points. Of more
// readings than there are pixels the first, the least, the greatest and the last of
// each pixel stay; a line that began before the stretch begins at its edge.
whyres.windowed = function (line, from, to, pixels) {
  const { at, value } = line, out = [];
  const put = (t, v) => out.push([t / 1e9, Number.isNaN(v) ? null : v / whyres.MiB]);
  let first = whyres.indexAt(at, from), last = whyres.indexAt(at, to);
  if (first >= 0) put(Math.max(at[first], from), value[first]);
  first++;
  if (last - first < 4 * pixels) {
    for (let i = first; i <= last; i++) put(at[i], value[i]);
  } else {
    const width = (to - from) / pixels;
    for (let i = first; i <= last;) {
      const end = from + (Math.floor((at[i] - from) / width) + 1) * width;
      let least = i, most = i, j = i;
      for (; j <= last && at[j] < end; j++) {
        if (value[j] < value[least] || Number.isNaN(value[least])) least = j;
        if (value[j] > value[most] || Number.isNaN(value[most])) most = j;
      }
      if (j === i) j++;
      for (const k of [...new Set([i, Math.min(least, most), Math.max(least, most), j - 1])]) put(at[k], value[k]);
      i = j;
    }
  }
  // The last reading stands until the next one.
  if (last >= 0 && last + 1 < at.length) put(to, value[last]);
  return out;
};

// The most that a line was in a stretch of time, and when; null where it has none.
whyres.greatest = function (line, from, to) {
  let best = null;
  for (let i = Math.max(whyres.indexAt(line.at, from), 0); i < line.at.length && line.at[i] <= to; i++) {
    if (!Number.isNaN(line.value[i]) && (!best || line.value[i] > best.value)) best = { at: Math.max(line.at[i], from), value: line.value[i] };
  }
  return best;
};

whyres.axisMiB = function (size, more) {
  return Object.assign({
    type: "value", min: 0, axisLabel: { color: whyres.color("soft"), formatter: (v) => v + (v ? " MiB" : "") },
    splitLine: { lineStyle: { color: whyres.color("line"), opacity: 0.6 } },
  }, more);
};

// The looks of MemStats' lines: colour and dashes, so that either tells them apart.
whyres.statLook = {
  heap_sys: { color: "sys", dash: "solid", width: 1.5 },
  heap_inuse: { color: "inuse", dash: "solid", width: 2.5, area: true },
  heap_idle: { color: "idle", dash: [7, 3], width: 2 },
  heap_released: { color: "released", dash: [2, 3], width: 2.5 },
  stack_inuse: { color: "stacks", dash: [9, 3, 2, 3], width: 1.5 },
  next_gc: { color: "goal", dash: [12, 6], width: 1 },
};
