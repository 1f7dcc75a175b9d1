"use strict";
// Light and dark: the charts take their colours from the style sheet.
whyres.drawn = new Set(); // functions that draw the charts anew

whyres.color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

whyres.setTheme = function (theme) {
  document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", "Show this page in " + (theme === "dark" ? "light" : "dark") + " colours");
  whyres.drawn.forEach((draw) => draw());
};

whyres.startTheme = function () {
  const root = document.documentElement, media = matchMedia("(prefers-color-scheme: dark)");
  let chosen = false;
  whyres.setTheme(root.dataset.theme);
  document.getElementById("theme").addEventListener("click", () => {
    chosen = true;
    whyres.setTheme(root.dataset.theme === "dark" ? "light" : "dark");
  });
  media.addEventListener("change", () => { if (!chosen) whyres.setTheme(media.matches ? "dark" : "light"); });
  // Paper is white, and narrower than a screen: the style sheet says how wide.
  // What is folded is open on it.
  let before = null;
  const closed = [];
  addEventListener("beforeprint", () => {
    before = before || root.dataset.theme;
    root.dataset.printing = "true";
    // Each recording takes about six sheets: of many, those that the reader has opened.
    const all = whyres.recordings.length <= 4;
    closed.push(...document.querySelectorAll((all ? "details.fold:not([open]), " : "") + "details.cause:not([open])"));
    closed.forEach((d) => { d.open = true; });
    if (all) whyres.recordings.filter((r) => !r.view).forEach(whyres.startRecording);
    whyres.setTheme("light");
    whyres.flush();
  });
  addEventListener("afterprint", () => {
    delete root.dataset.printing;
    closed.splice(0).forEach((d) => { d.open = false; });
    whyres.setTheme(before || "light");
    before = null;
    whyres.flush();
  });
};

// Charts write as the page does.
whyres.font = () => getComputedStyle(document.body).fontFamily;
