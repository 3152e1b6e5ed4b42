/* Keeps parts of a page fresh, without getting in the reader's way.
 *
 *   <section data-live="URL">                    the fragment of URL replaces its content
 *   <section data-live="URL" data-live-rows>     rows keep their places: each element with data-key is renewed where it
 *                                                stands, and new ones wait behind a chip that says how many there are
 *   ... data-live-left                           rows that have left are asked for by X-Live-Left, and stand in the answer's
 *                                                <template data-left>: as they are now, marked where they do not belong here
 *   <nav data-live="URL" data-live-follows>      asked seldom, and when rows beside it have changed: numbers of tabs
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
    part.dispatchEvent(new CustomEvent("console:fresh", { bubbles: true }));
    /* Last: what a script has put in its place can have it too. */
    if (focused) [...part.querySelectorAll("a, button, [id]")].find((one) => one.id === focused || one.getAttribute("href") === focused)?.focus({ preventScroll: true });
  }

  function parsed(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  function renewRows(part, html) {
    const shown = keyed(part);
    const answer = parsed(html);
    const sent = keyed(answer);
    const told = answer.querySelector("template[data-left]");
    const left = told ? keyed(told.content) : new Map();
    if (shown.size === 0) return renew(part, html);
    const added = [...sent.keys()].filter((key) => !shown.has(key)).length;
    let moved = 0;
    for (const [key, old] of shown) {
      const row = sent.get(key) ?? left.get(key);
      if (row) replace(old, row);
      else if ("liveLeft" in part.dataset) retire(old);
      if (!sent.has(key) && (!row || row.classList.contains("moved"))) moved += 1;
    }
    part.dispatchEvent(new CustomEvent("console:fresh", { bubbles: true }));
    offer(part, html, added, "liveLeft" in part.dataset ? moved : 0);
  }

  /* Where it stands, with the focus that it had: nobody presses what is not so any more. */
  function replace(old, row) {
    const { hash } = row.dataset;
    if (hash ? old.dataset.hash === hash : old.innerHTML === row.innerHTML || old.contains(document.activeElement)) return;
    const fresh = row.cloneNode(true);
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    fresh.toggleAttribute("data-current", old.hasAttribute("data-current"));
    old.replaceWith(fresh);
    if (focused !== null) ([...fresh.querySelectorAll("a")].find((one) => one.getAttribute("href") === focused) ?? fresh.querySelector("[data-open]"))?.focus({ preventScroll: true });
  }

  /* What was deleted, or may not be seen any more. */
  function retire(row) {
    if (row.dataset.hash === "gone") return;
    for (const one of row.querySelectorAll("input, button, .button")) one.remove();
    row.dataset.hash = "gone";
    row.classList.add("moved");
    row.querySelector("[data-open]")?.insertAdjacentHTML("afterend", '<span class="moved-on"><svg class="icon" aria-hidden="true"><use href="#i-out"/></svg>not there any more</span>');
  }

  /* Rows that are shown and not in the answer. */
  function missing(part, html) {
    const sent = keyed(parsed(html));
    return [...keyed(part).keys()].filter((key) => !sent.has(key));
  }

  function offer(part, html, added, moved) {
    let chip = part.querySelector(":scope > .chip");
    if (added + moved === 0) return chip?.remove();
    if (!chip) {
      chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip";
      chip.setAttribute("aria-live", "polite");
      part.prepend(chip);
    }
    chip.textContent = [added && `${added} new`, moved && `${moved} moved on`].filter(Boolean).join(", ");
    chip.title = "Show the list as it is now";
    chip.onclick = () => { renew(part, html); part.querySelector("[data-key] a")?.focus({ preventScroll: true }); };
  }

  async function ask(part, state) {
    const answer = await fetch(part.dataset.live, {
      headers: { "X-Live": "1", ...(state.tag ? { "If-None-Match": state.tag } : {}), ...(state.left.length ? { "X-Live-Left": state.left.join() } : {}) },
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(20000),
    });
    if (answer.status === 304) return;
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return end(part);
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    if (busy(part)) return;
    const known = state.left;
    state.left = "liveLeft" in part.dataset ? missing(part, html) : [];
    if (state.left.some((key) => !known.includes(key))) return ask(part, state);
    state.tag = answer.headers.get("ETag");
    if ("liveRows" in part.dataset) renewRows(part, html);
    else renew(part, html);
    state.at = Date.now();
    if (!("liveFollows" in part.dataset)) follow();
    if (answer.headers.get("X-Live-Ended")) finish(part);
  }

  function follow() {
    for (const [part, state] of parts) if ("liveFollows" in part.dataset && Date.now() - state.at > SLOW) round(part, state);
  }

  /* Nothing on it changes any more by itself: it does not say Live. */
  function finish(part) {
    parts.delete(part);
    if (parts.size === 0) for (const button of document.querySelectorAll("[data-live-toggle]")) button.hidden = true;
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
    const most = "liveFollows" in part.dataset ? SLOW : QUICK;
    const pause = state.faults ? Math.min(QUICK * 2 ** state.faults, SLOWEST) : state.rounds < QUICK_ROUNDS ? most : state.rounds < QUICK_ROUNDS * 2 ? SLOW : SLOWEST;
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
    const state = { tag: part.dataset.liveTag ? `"${part.dataset.liveTag}"` : null, left: [], at: 0, rounds: 0, faults: 0, timer: 0 };
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
