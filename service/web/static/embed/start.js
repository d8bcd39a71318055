// @ts-check
// --- where the script stands, and counts for lists of articles ---

/** Fill in `<a data-comment-count href="…">`; whatever stands in it stays if that fails. */
async function fillCounts() {
  const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll("a[data-comment-count]")]);
  const site = script?.dataset.site || "";
  if (!site || !links.length) return;
  const words = await wordsOf(document.documentElement.lang);
  for (let start = 0; start < links.length; start += 100) {
    const some = links.slice(start, start + 100);
    const pages = new URLSearchParams({ site });
    const urls = some.map((link) => link.href.split("#")[0]);
    for (const url of new Set(urls)) pages.append("page_url", url);
    const { counts } = await call(`/api/v1/counts?${pages}`);
    some.forEach((link, i) => (link.textContent = sentence(words, "comments", { n: counts[urls[i]] || 0 })));
  }
}

/** Once the whole page is there: a thread after the script, unless the page says where else. */
function start() {
  if (!script?.dataset.site && !document.querySelector("comment-thread[data-site]")) {
    console.warn('comment-desk: the script has no data-site="…"');
  }
  const standsHere = script?.dataset.site && script.parentElement !== document.head;
  if (standsHere && !document.querySelector("comment-thread, a[data-comment-count]")) {
    script.after(node("comment-thread"));
  }
  fillCounts().catch((error) => console.warn(`comment-thread: ${error.message}`));
}

if (!customElements.get("comment-thread")) {
  customElements.define("comment-thread", CommentThread);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start, { once: true });
  else start();
}
