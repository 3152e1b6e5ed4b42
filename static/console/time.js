/* Times in the reader's zone, with UTC on hover. Without this script pages show UTC. */
(() => {
  "use strict";
  const two = (number) => String(number).padStart(2, "0");
  const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = (at) => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

  function ago(at, now) {
    const seconds = Math.round((now - at) / 1000);
    const span = Math.abs(seconds);
    const [number, unit] =
      span < 60 ? [span, "s"] : span < 3600 ? [Math.floor(span / 60), "min"] : span < 172800 ? [Math.floor(span / 3600), "h"] : [Math.floor(span / 86400), "days"];
    return seconds < 0 ? `in ${number} ${unit}` : `${number} ${unit} ago`;
  }

  function show(time, now) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    time.textContent = "ago" in time.dataset ? ago(at, now) : day(at) === day(now) ? `today ${clock(at)}` : `${day(at)} ${clock(at)}`;
    if ("ago" in time.dataset && !time.dataset.said) {
      time.title = `${day(at)} ${clock(at)}, ${time.title}`;
      time.dataset.said = "yes";
    }
  }

  function showAll(root) {
    const now = new Date();
    for (const time of root.querySelectorAll("time.when")) show(time, now);
  }

  const zone = document.querySelector("[data-zone]");
  if (zone) zone.textContent = `in your zone (${Intl.DateTimeFormat().resolvedOptions().timeZone}), with UTC on hover`;
  showAll(document);
  document.addEventListener("console:fresh", (event) => showAll(event.target));
  document.addEventListener("htmx:afterSettle", (event) => showAll(event.target));
  setInterval(() => { if (!document.hidden) showAll(document); }, 15000);
})();
