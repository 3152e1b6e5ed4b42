/* What parts of a page do when scripts run: copy buttons, menus that close, the look at once, one send per form. */
(() => {
  "use strict";
  const root = document.documentElement;

  function ready(scope) {
    if (navigator.clipboard) for (const button of scope.querySelectorAll("[data-copy]")) button.hidden = false;
  }

  async function copy(button) {
    const source = button.dataset.copyFrom ? document.getElementById(button.dataset.copyFrom) : null;
    await navigator.clipboard.writeText(source ? source.textContent : button.dataset.copy);
    button.classList.add("copied");
    const use = button.querySelector("use");
    use?.setAttribute("href", "#i-check");
    const said = button.querySelector(".sr");
    const before = said?.textContent;
    if (said) said.textContent = "Copied";
    setTimeout(() => {
      button.classList.remove("copied");
      use?.setAttribute("href", "#i-copy");
      if (said) said.textContent = before;
    }, 1500);
  }

  /* The look changes at once; the cookie that remembers it is set by the server, as without scripts. */
  async function look(form, button) {
    root.dataset[button.name] = button.value;
    for (const other of form.querySelectorAll(`[name="${button.name}"]`)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    const sent = new FormData(form);
    sent.set(button.name, button.value);
    await fetch(form.action, { method: "POST", body: sent, redirect: "manual" });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (button) copy(button).catch(() => button.classList.add("error-text"));
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (event.target.matches("dialog[data-dialog]")) event.target.close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-look]") && event.submitter) {
      event.preventDefault();
      look(form, event.submitter).catch(() => form.submit());
      return;
    }
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    /* The second click of a double click sends nothing; the server would notice it anyway. */
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
  });

  /* Back to a page that was left by sending its form: it may be sent again, with the key that it has. */
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
  });

  /* Where one is, in a navigation that is wider than a phone. */
  const nav = document.querySelector(".nav");
  const here = nav?.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;

  ready(document);
  document.addEventListener("console:fresh", (event) => ready(event.target));
  document.addEventListener("htmx:afterSettle", (event) => ready(event.target));
})();
