/* Single keys: / ? g+letter j k x r Esc. Off in fields, with modifiers, and where the reader has turned them off. */
(() => {
  "use strict";
  const WAIT = 1200; /* ms between g and its letter */
  let goes = 0;

  const off = () => document.documentElement.dataset.keys === "off";
  const inField = (target) => target instanceof Element && (target.matches("input:not([type=checkbox], [type=radio]), select, textarea") || target.isContentEditable);
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
  const current = () => document.querySelector("[data-row][data-current]");

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    for (const row of all) row.removeAttribute("data-current");
    next.setAttribute("data-current", "");
    const link = next.querySelector("a[data-open], a[href]");
    (link || next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  function letGo() {
    for (const row of rows()) row.removeAttribute("data-current");
  }

  /* The caret behind what stands there: one goes on with it, or takes it away from the end. */
  function find() {
    const box = document.getElementById("find");
    box?.focus();
    box?.setSelectionRange(box.value.length, box.value.length);
  }

  const keys = {
    "/": find,
    "?": () => document.getElementById("shortcuts")?.showModal(),
    j: () => move(1),
    k: () => move(-1),
    g: () => { goes = Date.now(); },
    x: () => current()?.querySelector("input[type='checkbox']")?.click(),
    r: () => (document.querySelector("form:has([data-row] :checked) [data-bulk-retry]") || current()?.querySelector("[data-act='retry']") || document.querySelector("main [data-act='retry']:not([data-row] *)"))?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (inField(event.target)) event.target.blur();
      else letGo();
      return;
    }
    if (off() || event.ctrlKey || event.metaKey || event.altKey || inField(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - goes < WAIT) {
      goes = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
})();
