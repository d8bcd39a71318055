// @ts-check
// The desk's single keys: which there are, switched off or changed by whoever sits at this browser.
// It stands in the head and runs before anything is shown, so that no key is seen that is off.
"use strict";

/** What each key does; the first of each is the one that is printed. @type {Record<string, string[]>} */
const USUAL = {
  next: ["j"], previous: ["k"], approve: ["a"], spam: ["s"], reject: ["d", "r"], skip: ["e"],
  undo: ["z", "u"], tick: ["x"], author: ["w"], search: ["/"], help: ["?"],
};
const KEPT = "comment-desk-keys";
const ONE_LINE = "button checkbox color file image radio range reset submit".split(" ");

const keys = {
  off: false,
  /** @type {Record<string, string>} */ own: {},

  /** The key that is printed for an action. @param {string} action */
  of: (action) => keys.own[action] || USUAL[action][0],

  /** What a key does now, or "". @param {string} letter */
  meaning(letter) {
    const chosen = Object.keys(USUAL).find((action) => keys.of(action) === letter);
    const second = Object.keys(USUAL).find(
      (action) => !keys.own[action] && USUAL[action].includes(letter)
    );
    return chosen || second || "";
  },

  /** What somebody asks for with a key, or "" where it is none of ours. @param {KeyboardEvent} event */
  asked(event) {
    const letter = letterOf(event);
    if (!letter || isDead(event)) return "";
    if (event.target instanceof Element && event.target.matches("article.card")) {
      if (event.key === "ArrowDown") return "next";
      if (event.key === "ArrowUp") return "previous";
    }
    const meaning = keys.meaning(letter);
    if (keys.off) return "";
    if (/^[1-9]$/.test(letter)) return letter;
    if (!event.shiftKey || !/[a-z]/.test(letter)) return meaning;
    return meaning === "approve" || meaning === "spam" ? `${meaning} ticked` : "";
  },

  /** Give an action another key; says what speaks against it, or "".
   *  @param {string} action @param {string} letter */
  change(action, letter) {
    if (!/^[\x21-\x7e]$/.test(letter) || /[0-9]/.test(letter)) {
      return "A key is one letter or sign; the digits are for reasons.";
    }
    const other = Object.keys(USUAL).find((a) => a !== action && keys.of(a) === letter);
    if (other) return `${letter} is taken already: change that one first.`;
    keys.own[action] = letter;
    keys.keep();
    return "";
  },

  /** Print the keys on the buttons below a node. @param {ParentNode} root */
  print(root) {
    for (const button of root.querySelectorAll("[data-do]")) {
      const shift = button.hasAttribute("data-shift");
      const letter = keys.of(/** @type {HTMLElement} */ (button).dataset.do || "");
      const printed = button.querySelector("kbd");
      if (printed) printed.textContent = shift ? `⇧${letter.toUpperCase()}` : letter;
      if (keys.off) button.removeAttribute("aria-keyshortcuts");
      else button.setAttribute("aria-keyshortcuts", shift ? `Shift+${letter.toUpperCase()}` : letter);
    }
  },

  /** Back to the usual keys. */
  reset() {
    keys.own = {};
    keys.off = false;
    keys.keep();
  },

  /** Read what was chosen; some browsers refuse to keep anything. */
  load() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT) || "{}");
      keys.off = kept.off === true;
      for (const action of Object.keys(USUAL)) {
        const letter = kept.own?.[action];
        if (typeof letter === "string" && /^[\x21-\x2f\x3a-\x7e]$/.test(letter)) keys.own[action] = letter;
      }
    } catch {
      keys.own = {};
    }
    document.documentElement.dataset.keys = keys.off ? "off" : "on";
  },

  keep() {
    document.documentElement.dataset.keys = keys.off ? "off" : "on";
    try {
      localStorage.setItem(KEPT, JSON.stringify({ off: keys.off, own: keys.own }));
    } catch {
      // it is so until the page is left
    }
  },
};

/** The sign a key stands for, lower case; where it writes another script, the letter printed on it
 *  beside. @param {KeyboardEvent} event */
function letterOf(event) {
  if (event.key.startsWith("Arrow")) return event.key;
  const typed = event.key.length === 1 ? event.key.toLowerCase() : "";
  if (/^[\x21-\x7e]$/.test(typed)) return typed;
  return typed && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : "";
}

/** Whether a key is none of ours now: held down, part of a shortcut, or typed into something.
 *  @param {KeyboardEvent} event */
function isDead(event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (event.isComposing || event.defaultPrevented) return true;
  return document.querySelector("dialog[open]") !== null || isTyping(event.target);
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !ONE_LINE.includes(target.type);
  return target.isContentEditable || target.matches("textarea, select");
}

/** The dialog that lists the keys and changes them; returns what opens it. Where the focus is then,
 *  it comes back to. */
function keysDialog() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));
  const on = /** @type {HTMLInputElement} */ (document.getElementById("keys-on"));
  const slip = /** @type {HTMLElement} */ (document.getElementById("keys-slip"));
  const inputs = /** @type {HTMLInputElement[]} */ ([...dialog.querySelectorAll("[data-key]")]);

  function show() {
    on.checked = !keys.off;
    slip.textContent = "";
    for (const input of inputs) input.value = keys.of(input.dataset.key || "");
    keys.print(document);
  }

  on.addEventListener("change", () => {
    keys.off = !on.checked;
    keys.keep();
    show();
  });
  for (const input of inputs) {
    input.addEventListener("focus", () => input.select());
    input.addEventListener("input", () => {
      if (!input.value) return; // on the way to another one
      const refused = keys.change(input.dataset.key || "", input.value.toLowerCase());
      show();
      slip.textContent = refused;
      input.select();
    });
  }
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return; // the focus goes round in here, and not to the browser's own bars
    const stops = /** @type {HTMLElement[]} */ ([...dialog.querySelectorAll("input, button")]);
    const end = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (document.activeElement !== end) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  });
  document.getElementById("keys-reset")?.addEventListener("click", () => {
    keys.reset();
    show();
  });
  document.getElementById("keys-close")?.addEventListener("click", () => dialog.close());
  return () => {
    show();
    dialog.showModal();
    on.focus();
  };
}

keys.load();
