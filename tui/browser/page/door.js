// What textual.js leaves out: keys go to the terminal without a click, and the page says how it ended.
"use strict";
(() => {
  const has = (name) => document.body.classList.contains(name);
  const focus = () => {
    const input = document.querySelector("#terminal textarea");
    // before the socket is open textual.js cannot tell the app of it
    if (input && has("-loaded") && !has("-closed")) input.focus();
  };
  const changed = () => {
    if (!has("-closed")) return focus();
    if (!has("-loaded")) {
      const why = document.querySelector("#why");
      why.textContent = why.dataset.never;
    }
    document.querySelector("#closed a").focus();
  };
  window.addEventListener("load", () => {
    new MutationObserver(changed).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });
  window.addEventListener("focus", focus);
})();
