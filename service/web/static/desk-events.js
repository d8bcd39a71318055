// @ts-check
// The service's word that something has changed (server-sent events). What it was is looked up.
"use strict";

const SILENT = 40000; // milliseconds; a proxy that keeps everything back, or a service that hangs
const TOGETHER = 150; // milliseconds in which several events are one

class Stream {
  /** @param {string} url @param {() => void} onChange */
  constructor(url, onChange) {
    this.url = url;
    this.onChange = onChange;
    /** @type {EventSource | null} */ this.source = null;
    this.open = false; // events of every process come in
    this.heardAt = -Infinity;
    this.timer = 0;
  }

  /** Whether every change is told of. */
  get flows() {
    return this.open && performance.now() - this.heardAt < SILENT;
  }

  /** Keep a stream while the page is seen: a browser has few connections for all its tabs. */
  follow() {
    document.addEventListener("visibilitychange", () => this.turn());
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.turn());
    this.turn();
  }

  turn() {
    if (document.hidden) this.close();
    else if (!this.source && window.EventSource) this.listen();
  }

  listen() {
    const source = (this.source = new EventSource(this.url));
    source.addEventListener("beat", (event) => {
      const flowed = this.flows;
      this.heardAt = performance.now();
      this.open = event.data === "flow";
      if (this.open && !flowed) this.soon(); // something may have changed meanwhile
    });
    source.addEventListener("changed", () => {
      this.heardAt = performance.now();
      this.soon();
    });
    source.addEventListener("error", () => (this.open = false)); // the browser tries again
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onChange, TOGETHER);
  }

  close() {
    this.source?.close();
    this.source = null;
    this.open = false;
  }
}
