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
  // Paper is white, and as wide as it is.
  let before = null;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    whyres.setTheme("light");
    whyres.flush();
  });
  addEventListener("afterprint", () => { if (before) whyres.setTheme(before); before = null; });
};

// Charts write as the page does.
whyres.font = () => getComputedStyle(document.body).fontFamily;
