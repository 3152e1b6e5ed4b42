/* A graph that is larger than its place goes along with the work: a toggle beside it, off once the reader scrolls the graph. */
(() => {
  "use strict";
  const MARGIN = 16;
  const HAND = 400; /* ms after a key, wheel or finger in which a scroll is the reader's */
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let on = false;
  let touched = 0;
  let held = false;

  function show() {
    const graph = document.getElementById("graph");
    const button = document.getElementById("follow");
    if (!graph) return;
    if (button) {
      button.hidden = !on && graph.scrollWidth <= graph.clientWidth && graph.scrollHeight <= graph.clientHeight;
      button.setAttribute("aria-pressed", String(on));
    }
    if (on) go(graph);
  }

  /* Only as far as it is out of sight, so that the rest stands still. */
  function go(graph) {
    const node = graph.querySelector("[data-follow]")?.getBoundingClientRect();
    if (!node) return;
    const place = graph.getBoundingClientRect();
    const beside = node.left < place.left + MARGIN || node.right > place.right - MARGIN;
    const above = node.top < place.top + MARGIN || node.bottom > place.bottom - MARGIN;
    if (!beside && !above) return;
    graph.scrollBy({
      left: beside ? (node.left + node.right - place.left - place.right) / 2 : 0,
      top: above ? (node.top + node.bottom - place.top - place.bottom) / 2 : 0,
      behavior: still.matches ? "instant" : "smooth",
    });
  }

  const inGraph = (event) => event.target instanceof Element && event.target.closest("#graph");
  for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    document.addEventListener(kind, (event) => {
      if (!inGraph(event)) return;
      touched = Date.now();
      held = kind === "pointerdown";
    }, { passive: true, capture: true });
  }
  for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, () => { held = false; }, { capture: true });
  document.addEventListener("scroll", (event) => {
    if (!on || event.target.id !== "graph" || !(held || Date.now() - touched < HAND)) return;
    on = false;
    show();
  }, { passive: true, capture: true });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#follow")) return;
    on = !on;
    touched = 0;
    show();
  });
  document.addEventListener("console:fresh", show);
  addEventListener("resize", show);
  show();
})();
