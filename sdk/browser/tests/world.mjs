// A clock that moves when told to, and a server that answers as told.

export class World {
  #now = 0;
  #timers = new Map();
  #next = 1;
  #saved = {};
  calls = [];

  /** @param {(call: {method: string, path: string, headers: Record<string, string>, body: string | undefined}) => unknown} server */
  constructor(server) {
    this.server = server;
    const world = this;
    const start = 1_767_225_600_000;
    this.skew = 0;
    this.#replace("setTimeout", (run, ms = 0) => {
      const id = world.#next++;
      world.#timers.set(id, { at: world.#now + ms, run });
      return id;
    });
    this.#replace("clearTimeout", (id) => world.#timers.delete(id));
    this.#saved.performanceNow = performance.now;
    this.#saved.dateNow = Date.now;
    performance.now = () => world.#now;
    Date.now = () => start + world.skew + world.#now;
    this.#replace("fetch", (url, init) => world.#fetch(url, init));
  }

  /** Unix seconds as the server sees them. */
  get serverSeconds() {
    return 1_767_225_600 + this.#now / 1000;
  }

  /** How long the next timers wait, in milliseconds. */
  get waits() {
    return [...this.#timers.values()].map(({ at }) => at - this.#now);
  }

  /** Moves the clock, running what falls due in order. */
  async advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].run();
    }
    this.#now = end;
    await settle();
  }

  close() {
    for (const [name, value] of Object.entries(this.#saved)) {
      if (name === "performanceNow") performance.now = value;
      else if (name === "dateNow") Date.now = value;
      else globalThis[name] = value;
    }
  }

  #replace(name, value) {
    this.#saved[name] = globalThis[name];
    globalThis[name] = value;
  }

  async #fetch(url, init) {
    const { signal, method, headers, body } = init;
    const call = { method, path: new URL(url).pathname, url, headers, body, init };
    this.calls.push(call);
    signal.throwIfAborted();
    const answer = Promise.resolve().then(() => this.server(call));
    const aborted = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => {});
    return await Promise.race([answer, aborted]);
  }
}

/** Lets every promise that can go on do so. */
export async function settle() {
  for (let turn = 0; turn < 50; turn++) await null;
}

export function json(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}

/** A promise that the test ends. */
export function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
