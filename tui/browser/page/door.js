// What textual.js leaves out: keys go to the terminal without a click, and the page says how it ended.
"use strict";
(() => {
  const focus = () => {
    const input = document.querySelector("#terminal textarea");
    const state = document.body.classList; // before the socket is open textual.js cannot tell the app of it
    if (input && state.contains("-loaded") && !state.contains("-closed")) input.focus();
  };
  const seen = new MutationObserver(() => {
    if (document.body.classList.contains("-closed")) {
      document.querySelector("#closed a").focus();
    } else {
      focus();
    }
  });
  window.addEventListener("load", () => {
    seen.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    if (!document.querySelector("#terminal textarea")) {
      document.querySelector("#why").textContent =
        "This browser cannot draw the screens: WebGL 2 is switched off or missing. Switch it on, or use another browser.";
      document.body.classList.add("-closed");
    }
  });
  window.addEventListener("focus", focus);
})();
