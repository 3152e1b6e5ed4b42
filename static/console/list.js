/* The list of executions: suggestions for its search box, rows that are chosen, the reader's time zone.
 * Without this script the box is a plain form, and rows are chosen by their checkboxes. */
(() => {
  "use strict";
  document.cookie = `zone=${encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone)}; path=/; samesite=lax; max-age=31536000`;

  /* A combobox with a listbox, as the ARIA patterns describe it: the focus stays in the box. */
  const box = document.getElementById("find");
  const list = document.getElementById("suggestions");
  let active = null;

  const options = () => [...list.children];
  const opened = () => !list.hidden;

  function close() {
    list.hidden = true;
    activate(null);
    box.setAttribute("aria-expanded", "false");
  }

  function activate(option) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    active?.setAttribute("aria-selected", "true");
    if (active) { box.setAttribute("aria-activedescendant", active.id); active.scrollIntoView({ block: "nearest" }); }
    else box.removeAttribute("aria-activedescendant");
  }

  function move(step) {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(active) + step;
    activate(at < 0 && active ? null : all[(at + all.length + (active || step > 0 ? 0 : 1)) % all.length]);
  }

  function take(option) {
    const { start, end, text } = option.dataset;
    const points = [...box.value];
    const rest = points.slice(Number(end)).join("");
    const goesOn = /[:.]$/.test(text);
    const before = points.slice(0, Number(start)).join("") + text + (goesOn || rest.startsWith(" ") || rest.startsWith(",") ? "" : " ");
    box.value = before + rest;
    box.setSelectionRange(before.length, before.length);
    close();
    if (goesOn) suggest();
  }

  const suggest = () => box.dispatchEvent(new CustomEvent("console:suggest"));

  function pressed(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (opened()) move(event.key === "ArrowDown" ? 1 : -1);
      else suggest();
    } else if (event.key === "Escape" && opened()) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if ((event.key === "Enter" || event.key === "Tab") && opened() && active) {
      event.preventDefault();
      take(active);
    } else if (event.key === "Enter" || event.key === "Tab") close();
    else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) activate(null);
  }

  if (box && list) {
    box.addEventListener("keydown", pressed);
    box.addEventListener("click", () => { if (!opened()) suggest(); });
    box.addEventListener("blur", close);
    box.addEventListener("htmx:configRequest", (event) => {
      /* The server counts characters as Python does: by code points. */
      event.detail.parameters.at = [...box.value.slice(0, box.selectionStart ?? box.value.length)].length;
    });
    list.addEventListener("htmx:afterSwap", () => {
      activate(null);
      list.hidden = !options().length || document.activeElement !== box;
      box.setAttribute("aria-expanded", String(!list.hidden));
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => { const option = event.target.closest("li"); if (option) take(option); });
  }

  const form = document.getElementById("choose");
  const said = form?.querySelector("[data-chosen]");
  if (!form || !said) return;
  const plain = said.textContent;
  const all = form.querySelector("[data-choose-all]");
  const every = form.elements.namedItem("all");
  const boxes = () => [...form.querySelectorAll("input[name='row']")];
  let last = null;

  function say() {
    const rows = boxes();
    const number = rows.filter((one) => one.checked).length;
    for (const one of rows) one.disabled = every.checked;
    said.textContent = every.checked ? "Not these rows, but" : number ? `${number} chosen, or` : plain;
    all.firstElementChild.checked = number > 0 && number === rows.length;
    all.firstElementChild.indeterminate = number > 0 && number < rows.length;
  }

  all.hidden = false;
  all.addEventListener("change", (event) => {
    for (const one of boxes()) one.checked = event.target.checked;
    say();
  });
  form.addEventListener("click", (event) => {
    const one = event.target;
    if (!one.matches?.("input[name='row']")) return;
    if (event.shiftKey && last?.isConnected) {
      const rows = boxes();
      const [from, to] = [rows.indexOf(last), rows.indexOf(one)].sort((a, b) => a - b);
      for (const row of rows.slice(from, to + 1)) row.checked = one.checked;
    }
    last = one;
  });
  form.addEventListener("change", say);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.target.matches("input[type='text'], textarea, select")) return;
    for (const one of boxes()) one.checked = false;
    every.checked = false;
    say();
  });
  form.addEventListener("console:fresh", say);
  say();
})();
