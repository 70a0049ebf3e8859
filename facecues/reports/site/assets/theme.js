// Light, dark, or as the system says. Runs before anything is painted.
"use strict";
(() => {
  const names = { auto: "As the system", light: "Light", dark: "Dark" };
  const order = ["auto", "light", "dark"];
  const read = () => {
    try { return localStorage.getItem("facecues-theme"); } catch { return null; }  // storage may be forbidden
  };
  const keep = (theme) => {
    try { localStorage.setItem("facecues-theme", theme); } catch { /* then it lasts for this page only */ }
  };
  const apply = (theme) => { document.documentElement.dataset.theme = theme; };

  let theme = order.includes(read()) ? read() : "auto";
  apply(theme);
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const say = () => {
      button.textContent = { auto: "◐", light: "☀", dark: "☾" }[theme] + "\uFE0E";
      button.title = `Colours: ${names[theme]}`;
      button.setAttribute("aria-label", button.title);
    };
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      theme = order[(order.indexOf(theme) + 1) % order.length];
      apply(theme);
      keep(theme);
      say();
    });
  });
})();
