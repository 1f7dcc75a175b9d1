"use strict";
// Before anything is drawn: light or dark, as the reader's system has it.
document.documentElement.dataset.theme =
  window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
