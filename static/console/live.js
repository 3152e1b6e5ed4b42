/* Keeps parts of a page fresh, without getting in the reader's way.
 *
 *   <section data-live="URL">                    the fragment of URL replaces its content
 *   <section data-live="URL" data-live-rows>     rows keep their places: each element with data-key is renewed where it
 *                                                stands, and new ones wait behind a chip that says how many there are
 *
 * Asks every 3 s while the reader is active, seldom later, never in a hidden tab; 304 when nothing has changed. Waits
 * while something in the part is focused, checked, selected or typed, or, where it has rows, is under the pointer.
 */
(() => {
  "use strict";
  const QUICK = 3000;
  const SLOW = 15000;
  const SLOWEST = 60000;
  const QUICK_ROUNDS = 20;
  const parts = new Map();
  let stopped = false;
  let pointerAt = null;

  function busy(part) {
    const active = document.activeElement;
    if (active && active !== part && part.contains(active) && active.matches("input, select, textarea")) return true;
    if (part.querySelector("input:checked, details[open] input, [aria-busy]")) return true;
    if ([...part.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue)) return true;
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && part.contains(selection.anchorNode)) return true;
    return "liveRows" in part.dataset && pointerAt !== null && part.contains(pointerAt) && Boolean(pointerAt.closest("[data-key]"));
  }

  function keyed(root) {
    return new Map([...root.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row]));
  }

  function renew(part, html) {
    const open = new Set([...part.querySelectorAll("details[open][id]")].map((details) => details.id));
    const focused = part.contains(document.activeElement) ? document.activeElement.id || document.activeElement.getAttribute("href") : null;
    const scrolled = [...part.querySelectorAll("[data-keep-scroll][id]")].map((one) => [one.id, one.scrollLeft, one.scrollTop]);
    part.innerHTML = html;
    for (const [id, left, top] of scrolled) document.getElementById(id)?.scrollTo(left, top);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) [...part.querySelectorAll("a, button, [id]")].find((one) => one.id === focused || one.getAttribute("href") === focused)?.focus({ preventScroll: true });
    part.dispatchEvent(new CustomEvent("console:fresh", { bubbles: true }));
  }

  function renewRows(part, html) {
    const parsed = document.createElement("template");
    parsed.innerHTML = html;
    const shown = keyed(part);
    const sent = keyed(parsed.content);
    if (shown.size === 0) return renew(part, html);
    let added = 0;
    for (const [key, row] of sent) {
      const old = shown.get(key);
      if (!old) added += 1;
      else if (old.dataset.hash !== row.dataset.hash || !row.dataset.hash) {
        if (!old.contains(document.activeElement) && old.innerHTML !== row.innerHTML) old.replaceWith(row.cloneNode(true));
      }
    }
    part.dispatchEvent(new CustomEvent("console:fresh", { bubbles: true }));
    offer(part, html, added);
  }

  function offer(part, html, added) {
    let chip = part.querySelector(":scope > .chip");
    if (added === 0) return chip?.remove();
    if (!chip) {
      chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip";
      chip.setAttribute("aria-live", "polite");
      part.prepend(chip);
    }
    chip.textContent = `${added} new`;
    chip.onclick = () => { renew(part, html); part.querySelector("[data-key] a")?.focus({ preventScroll: true }); };
  }

  async function ask(part, state) {
    const answer = await fetch(part.dataset.live, {
      headers: { "X-Live": "1", ...(state.tag ? { "If-None-Match": state.tag } : {}) },
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(20000),
    });
    if (answer.status === 304) return;
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return end(part);
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    if (busy(part)) return;
    state.tag = answer.headers.get("ETag");
    if ("liveRows" in part.dataset) renewRows(part, html);
    else renew(part, html);
    if (answer.headers.get("X-Live-Ended")) parts.delete(part);
  }

  function end(part) {
    parts.clear();
    stopped = true;
    part.dataset.liveState = "stale";
    say("This page is not kept fresh any more: you are logged out, or may not see it. Reload it.");
  }

  let told = null;
  function say(text) {
    if (!text) { told?.remove(); told = null; return; }
    if (!told) {
      told = document.createElement("div");
      told.className = "banner warn";
      told.setAttribute("role", "status");
      document.querySelector(".banners")?.append(told);
    }
    told.textContent = text;
  }

  async function round(part, state) {
    clearTimeout(state.timer);
    if (!parts.has(part) || !part.isConnected) return;
    if (!document.hidden && !stopped && !busy(part)) {
      try {
        await ask(part, state);
        if (state.faults > 1 && !stopped) say("");
        state.faults = 0;
        if (part.dataset.liveState === "stale" && !stopped) delete part.dataset.liveState;
      } catch {
        state.faults += 1;
        if (state.faults === 2) { part.dataset.liveState = "stale"; say("The server does not answer; this page shows what was. It is asked again by itself."); }
      }
      state.rounds += 1;
    }
    plan(part, state);
  }

  function plan(part, state) {
    if (document.hidden || stopped) return;
    const pause = state.faults ? Math.min(QUICK * 2 ** state.faults, SLOWEST) : state.rounds < QUICK_ROUNDS ? QUICK : state.rounds < QUICK_ROUNDS * 2 ? SLOW : SLOWEST;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => round(part, state), pause);
  }

  function quicken() {
    for (const [part, state] of parts) {
      const slow = state.rounds >= QUICK_ROUNDS;
      state.rounds = 0;
      if (slow) round(part, state);
    }
  }

  function toggle(button) {
    stopped = !stopped;
    button.setAttribute("aria-pressed", String(!stopped));
    button.lastElementChild.textContent = stopped ? "Stopped" : "Live";
    for (const [part, state] of parts) stopped ? clearTimeout(state.timer) : round(part, state);
  }

  for (const part of document.querySelectorAll("[data-live]")) {
    const state = { tag: part.dataset.liveTag ? `"${part.dataset.liveTag}"` : null, rounds: 0, faults: 0, timer: 0 };
    parts.set(part, state);
    plan(part, state);
  }
  for (const button of document.querySelectorAll("[data-live-toggle]")) {
    button.hidden = parts.size === 0;
    button.addEventListener("click", () => toggle(button));
  }
  document.addEventListener("visibilitychange", () => {
    for (const [part, state] of parts) document.hidden ? clearTimeout(state.timer) : round(part, state);
  });
  document.addEventListener("pointerover", (event) => { pointerAt = event.target; });
  document.addEventListener("pointerleave", () => { pointerAt = null; });
  for (const kind of ["pointerdown", "keydown", "wheel"]) document.addEventListener(kind, quicken, { passive: true });
})();
