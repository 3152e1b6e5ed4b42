/* Times in the reader's zone, with UTC on hover; beside what takes UTC, what that is here. Without this script pages show UTC. */
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

  const stamp = (at, now) => (day(at) === day(now) ? `today ${clock(at)}` : `${day(at)} ${clock(at)}`);

  function show(time, now) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    /* "At 05:38:06", not "at today". */
    const told = /\bat $/i.test(time.previousSibling?.textContent ?? "") && day(at) === day(now) ? clock(at) : stamp(at, now);
    time.textContent = "ago" in time.dataset ? ago(at, now) : told;
    if ("ago" in time.dataset && !time.dataset.said) {
      time.title = `${day(at)} ${clock(at)}, ${time.title}`;
      time.dataset.said = "yes";
    }
  }

  function showAll(root) {
    const now = new Date();
    for (const time of root.querySelectorAll("time.when")) show(time, now);
    for (const head of root.querySelectorAll("[data-here]")) head.textContent = "Here";
  }

  function far(at, now) {
    const minutes = Math.round(Math.abs(at - now) / 60000);
    const hours = Math.floor(minutes / 60);
    const span = hours < 1 ? `${minutes} min` : hours >= 48 ? `${Math.floor(hours / 24)} days` : minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return at < now ? `${span} ago` : `in ${span}`;
  }

  /* Beside a field for a UTC time: what that is here, how long until then, and what time it is in UTC. */
  function beside(field) {
    const note = document.createElement("p");
    note.className = "hint";
    note.id = `${field.id}-here`;
    field.after(note);
    field.setAttribute("aria-describedby", `${note.id} ${field.getAttribute("aria-describedby") ?? ""}`.trim());
    const tell = () => {
      const now = new Date();
      const at = field.value ? new Date(`${field.value}Z`) : null;
      const typed = at && !Number.isNaN(at.getTime()) ? `Here that is ${stamp(at, now)}, ${far(at, now)}. ` : "";
      note.textContent = `${typed}It is ${now.toISOString().slice(0, 16).replace("T", " ")} UTC now.`;
    };
    field.addEventListener("input", tell);
    tell();
    return tell;
  }

  const notes = [...document.querySelectorAll("input[data-utc]")].map(beside);
  const zone = document.querySelector("[data-zone]");
  if (zone) zone.textContent = `in your zone (${Intl.DateTimeFormat().resolvedOptions().timeZone}), with UTC on hover`;
  showAll(document);
  document.addEventListener("console:fresh", (event) => showAll(event.target));
  document.addEventListener("htmx:afterSettle", (event) => showAll(event.target));
  setInterval(() => {
    if (document.hidden) return;
    showAll(document);
    for (const tell of notes) tell();
  }, 15000);
})();
