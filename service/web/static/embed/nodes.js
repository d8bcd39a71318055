// @ts-check
// --- building nodes: text stays text, and comments bring only the tags listed here ---

/** @param {string} tag @param {Record<string, any>} [traits] @param {(Node | string)[]} inside */
function node(tag, traits = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside);
  return made;
}

const TAGS = new Set("a blockquote br code em li ol p pre s strong ul".split(" "));
const ENTITIES = /** @type {Record<string, string>} */ ({
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", "#39": "'", "#x27": "'", "#34": '"',
});
const PIECES = /<(\/?)([a-z]+)((?:[^<>"]|"[^"]*")*)>|[^<]+|</g;
const HREF = /\shref="((?:https?:|mailto:)[^"]*)"/i;

/** @param {string} text */
const decoded = (text) => text.replace(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all);

/** The service's HTML of a comment as nodes: our tags and their links, anything else as its text.
 *  @param {string} html */
function nodesOf(html) {
  const root = document.createDocumentFragment();
  /** @type {(DocumentFragment | HTMLElement)[]} */
  const open = [root];
  for (const [piece, closing, tag, traits] of html.matchAll(PIECES)) {
    const here = open[open.length - 1];
    if (!tag) here.append(decoded(piece));
    else if (!TAGS.has(tag)) continue;
    else if (closing) {
      if (open.length > 1 && here instanceof HTMLElement && here.localName === tag) open.pop();
    } else {
      const made = document.createElement(tag);
      const href = tag === "a" && HREF.exec(traits);
      if (href) {
        made.setAttribute("href", decoded(href[1]));
        made.setAttribute("rel", "nofollow ugc noopener");
      }
      const start = tag === "ol" && /\sstart="(\d+)"/.exec(traits);
      if (start) made.setAttribute("start", start[1]);
      here.append(made);
      if (tag !== "br") open.push(made);
    }
  }
  return root;
}

/** Comments with replies under what they answer, each with its depth.
 *  @param {Comment[]} comments
 *  @returns {{comment: Comment, depth: number, parent: Comment | undefined}[]} */
function inPlace(comments) {
  const known = new Map(comments.map((comment) => [comment.id, comment]));
  const replies = /** @type {Map<string, Comment[]>} */ (new Map());
  for (const comment of known.values()) {
    const under = comment.parent_id && known.has(comment.parent_id) ? comment.parent_id : "";
    replies.set(under, [...(replies.get(under) || []), comment]);
  }
  const placed = [];
  const waiting = (replies.get("") || []).map((comment) => ({ comment, depth: 0 })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { comment, depth } = next;
    placed.push({ comment, depth, parent: known.get(comment.parent_id || "") });
    for (const reply of (replies.get(comment.id) || []).reverse()) {
      waiting.push({ comment: reply, depth: Math.min(depth + 1, 4) });
    }
  }
  return placed;
}
