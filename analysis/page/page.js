"use strict";
// Zooms the time series: every strip shows the same part, of which the paths hold more than a screen has columns.
(() => {
  const root = document.getElementById("series");
  if (!root) return;
  const columns = Number(root.dataset.columns), endS = Number(root.dataset.end);
  const divisor = Number(root.dataset.divisor), unit = root.dataset.unit;
  const charts = [...root.querySelectorAll(".strip svg")];
  const labels = [...root.querySelectorAll(".times span")];
  const shown = document.getElementById("shown");
  const least = Math.min(columns, 32);
  let from = 0, width = columns;
  document.documentElement.classList.add("scripted");

  const text = (column, digits) => (column / columns * endS / divisor).toLocaleString("en", {maximumSignificantDigits: digits, useGrouping: false});

  function show(newFrom, newWidth) {
    width = Math.min(columns, Math.max(least, newWidth));
    from = Math.min(columns - width, Math.max(0, newFrom));
    for (const chart of charts)
      chart.setAttribute("viewBox", `${from} 0 ${width} ${chart.viewBox.baseVal.height}`);
    const digits = width === columns ? 4 : 6;
    labels.forEach((label, i) => { label.textContent = text(from + width * i / (labels.length - 1), digits); });
    shown.textContent = `Shown: ${text(from, digits)} to ${text(from + width, digits)} ${unit}`;
  }
  const zoom = (factor, at = 0.5) => show(from + at * width * (1 - factor), width * factor);
  const pan = share => show(from + share * width, width);
  const actions = {in: () => zoom(0.5), out: () => zoom(2), left: () => pan(-0.5), right: () => pan(0.5),
                   all: () => show(0, columns)};
  for (const button of root.querySelectorAll("button"))
    button.addEventListener("click", actions[button.dataset.action]);

  const keys = {"+": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", "0": "all"};
  root.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    actions[keys[event.key]]();
    event.preventDefault();
  });

  let start = null;
  const place = event => {
    const box = event.currentTarget.getBoundingClientRect();
    return from + width * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  for (const chart of charts) {
    chart.addEventListener("pointerdown", event => { start = event.pointerType === "touch" ? null : place(event); });
    chart.addEventListener("pointerup", event => {
      if (start === null) return;
      const end = place(event), low = Math.min(start, end), size = Math.abs(end - start);
      start = null;
      if (size > width / 100) show(low, size);
    });
    chart.addEventListener("pointerleave", () => { start = null; });
    chart.addEventListener("dblclick", actions.all);
  }
})();
