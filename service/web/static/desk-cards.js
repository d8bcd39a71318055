// @ts-check
// Cards of the desk: which stand where, the focus that goes over them, and what becomes of one.
// A card waits, or is a line since it was decided here, or is grey since others decided it.
"use strict";

/** @typedef {HTMLElement & {dataset: {version: string, status: string, stand?: string}}} Card */

const queue = /** @type {HTMLElement} */ (document.getElementById("queue"));

/** All cards, in order. */
const allCards = () => /** @type {Card[]} */ ([...queue.querySelectorAll(":scope > article.card")]);

/** @param {string} id */
const cardOf = (id) => /** @type {Card | null} */ (document.getElementById(`comment-${id}`));

/** @param {Element} card */
const idOf = (card) => card.id.slice("comment-".length);

/** The ticks of the others of a card's group. @param {Element} card */
const twinsOf = (card) =>
  /** @type {HTMLInputElement[]} */ ([...card.querySelectorAll(".alike input:checked")]);

/** The comments that are decided with a card, and their versions. @param {Card} card */
function versionsOf(card) {
  const twins = twinsOf(card).map((tick) => [tick.name.slice("tick:".length), Number(tick.value)]);
  return Object.fromEntries([[idOf(card), Number(card.dataset.version)], ...twins]);
}

/** How many are decided with a card. @param {Card} card */
const sizeOf = (card) => 1 + twinsOf(card).length;

/** These comments have changed by what was done here. @param {Card} card @param {string[]} ids */
function bump(card, ids) {
  if (ids.includes(idOf(card))) card.dataset.version = String(Number(card.dataset.version) + 1);
  for (const tick of twinsOf(card)) {
    if (ids.includes(tick.name.slice("tick:".length))) tick.value = String(Number(tick.value) + 1);
  }
}

/** How many are decided with these cards. @param {Card[]} cards */
const total = (cards) => cards.reduce((sum, card) => sum + sizeOf(card), 0);

/** @param {Element} card */
const nameOf = (card) => card.querySelector("h2")?.textContent || "";

/** Whether a card still waits for a decision that may be made here. @param {Card} card */
const isOpen = (card) => !card.dataset.stand && card.querySelector(".decide") !== null;

/** The card that has the focus or holds what has it.
 *  @param {Element | EventTarget | null} [at] @returns {Card | null} */
function focusedCard(at = document.activeElement) {
  return at instanceof Element ? at.closest("#queue > article.card") : null;
}

/** @param {string} tag @param {Record<string, any>} [traits] @param {(Node | string)[]} inside */
function made(tag, traits = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...inside);
  return element;
}

/** Say something to whoever listens rather than looks. @param {string} words */
function say(words) {
  const said = document.getElementById("said");
  if (said) said.textContent = said.textContent === words ? `${words}\u00a0` : words;
}

// --- the focus, and what stands still under it ---

/** Only the card that had the focus last can be reached by Tab. @param {Card} card */
function rove(card) {
  for (const other of queue.querySelectorAll(':scope > [tabindex="0"]')) {
    if (other !== card) other.setAttribute("tabindex", "-1");
  }
  card.tabIndex = 0;
}

/** @param {Card} card */
function focusOn(card) {
  rove(card);
  card.focus({ preventScroll: true });
  const box = card.getBoundingClientRect();
  const bar = document.querySelector(".tick input:checked") ? document.getElementById("bulk") : null;
  const room = innerHeight - (bar ? bar.offsetHeight + 8 : 0);
  const margin = document.querySelector("#fresh:not([hidden])") ? 56 : 16; // below that button
  if (box.top < margin || box.height > room) scrollBy(0, box.top - margin);
  else if (box.bottom > room - margin) scrollBy(0, Math.min(box.bottom - room + margin, box.top - margin));
}

/** The next card from here on that `fits`, or the one before with `step` -1.
 *  @param {Card | null} from @param {(card: Card) => boolean} fits @param {1 | -1} step */
function nextCard(from, fits, step = 1) {
  const cards = step > 0 ? allCards() : allCards().reverse();
  return cards.slice(from ? cards.indexOf(from) + 1 : 0).find(fits) || null;
}

/** Change something that nobody asked for just now: what one looks at stays where it is.
 *  @param {() => void} change */
function inStillness(change) {
  const held =
    focusedCard() || allCards().find((card) => card.getBoundingClientRect().bottom > 0) || null;
  const before = held?.getBoundingClientRect().top;
  change();
  if (held?.isConnected && before !== undefined) {
    const moved = held.getBoundingClientRect().top - before;
    if (moved) scrollBy(0, moved);
  }
}

// --- what becomes of a card ---

/** Turn a card into a line that says what was decided, with its undo.
 *  @param {Card} card @param {string} words @param {string} undoWords @param {() => void} undo */
function toLine(card, words, undoWords, undo) {
  restore(card);
  const tick = /** @type {HTMLInputElement | null} */ (card.querySelector(".tick input"));
  if (tick) tick.checked = false;
  const name = nameOf(card);
  card.dataset.stand = "own";
  card.append(
    made("p", { class: "line" },
      made("strong", {}, words), " ",
      made("bdi", { class: "clip faint" }, name), " ",
      made("span", { class: "wait faint" }),
      made("button", { type: "button", class: "quiet", "aria-label": `${undoWords}: ${words}, ${name}`, click: undo },
        undoWords)),
  );
}

/** What is to be known of a line's sending, or "". @param {Card} card @param {string} words */
function markWaiting(card, words) {
  const waits = card.querySelector(".wait");
  if (waits) waits.textContent = words ? `Not saved yet: ${words}. Trying again…` : "";
}

/** The card as it was before it became a line or grey. @param {Card} card */
function restore(card) {
  delete card.dataset.stand;
  card.style.minHeight = "";
  for (const old of card.querySelectorAll(":scope > .line, :scope > .became, :scope > .slip")) {
    old.remove();
  }
}

/** Say on a card what went wrong with it. @param {Card} card @param {string} words */
function mark(card, words) {
  card.querySelector(":scope > .slip")?.remove();
  card.querySelector("header")?.after(made("p", { class: "slip" }, words));
}

/** Somebody else has decided: the card keeps its place and its size, and can no longer be decided.
 *  @param {Card} card @param {string} words */
function toGrey(card, words) {
  if (card.querySelector(":scope > .became")?.textContent === words) return;
  const hadFocus = card.contains(document.activeElement);
  restore(card);
  const tick = /** @type {HTMLInputElement | null} */ (card.querySelector(".tick input"));
  if (tick) tick.checked = false;
  const height = card.getBoundingClientRect().height;
  card.dataset.stand = "others";
  card.style.minHeight = `${height}px`;
  card.append(made("p", { class: "became" }, words));
  if (hadFocus) focusOn(card);
}

/** @param {string} status @param {string} by */
function becameWords(status, by) {
  const became = { published: "Already approved", rejected: "Already rejected", held: "Waiting again" };
  const what = /** @type {Record<string, string>} */ (became)[status] || "Withdrawn";
  return by && status in became ? `${what} by ${by}` : `${what}${status === "published" ? " by the machine" : ""}`;
}

/** Who else looks at a card, or "". @param {Card} card @param {string} name */
function toldLooker(card, name) {
  const badge = card.querySelector(":scope > .looker");
  const shown = badge?.querySelector("bdi")?.textContent || "";
  if (!badge || shown === name) return;
  badge.replaceChildren(...(name ? ["Being looked at by ", made("bdi", {}, name)] : []));
}

/** The cards of a page of the service. @param {string} html */
function cardsIn(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return { page, cards: /** @type {Card[]} */ ([...page.querySelectorAll("article.card")]) };
}

/** Put cards at the end that are not there yet; returns them. @param {Card[]} cards */
function append(cards) {
  const added = cards.filter((card) => !document.getElementById(card.id)).map((card) => {
    const own = document.adoptNode(card);
    own.tabIndex = -1;
    return own;
  });
  queue.append(...added);
  for (const card of added) keys.print(card);
  return added;
}

/** Put a card as it is now in the place of an older one; what was typed stays.
 *  @param {Card} old @param {Card} now */
function replace(old, now) {
  const own = document.adoptNode(now);
  const hadFocus = old.contains(document.activeElement);
  const field = /** @type {HTMLTextAreaElement | null} */ (old.querySelector(".reject textarea"));
  const typed = field?.value || "";
  const note = /** @type {HTMLTextAreaElement | null} */ (own.querySelector(".reject textarea"));
  if (note) note.value = typed;
  own.tabIndex = old.tabIndex;
  keys.print(own);
  old.replaceWith(own);
  if (hadFocus) focusOn(own);
}
