'use strict';
// Counts what a script has begun and not ended (timers, requests, asynchronous tests), so that its end can be awaited.

class Pending {
  #count = 0;
  #waiting = null;

  begin() { this.#count += 1; }

  end() {
    this.#count -= 1;
    if (this.#count === 0 && this.#waiting) this.#waiting();
  }

  /** Resolves with true when nothing is pending, or with false when the time is over. */
  settled(limitMilliseconds) {
    if (this.#count === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const limit = setTimeout(() => resolve(false), limitMilliseconds);
      this.#waiting = () => {
        clearTimeout(limit);
        resolve(true);
      };
    });
  }
}

/** `setTimeout` and its kin for a script: an open timer keeps the script alive, and its errors are the script's. */
function timersFor(pending, onError) {
  const open = new Map();
  const guarded = (action, values) => {
    try {
      action(...values);
    } catch (error) {
      onError(error);
    }
  };
  const clear = (id) => {
    if (!open.has(id)) return;
    open.get(id)();
    open.delete(id);
    pending.end();
  };
  let last = 0;
  const next = () => { last += 1; return last; };
  const setTimeoutInScript = (action, milliseconds, ...values) => {
    const id = next();
    pending.begin();
    const timer = setTimeout(() => {
      guarded(action, values);
      clear(id);
    }, milliseconds);
    open.set(id, () => clearTimeout(timer));
    return id;
  };
  const setIntervalInScript = (action, milliseconds, ...values) => {
    const id = next();
    pending.begin();
    const timer = setInterval(guarded, milliseconds, action, values);
    open.set(id, () => clearInterval(timer));
    return id;
  };
  return {
    globals: {
      setTimeout: setTimeoutInScript,
      setInterval: setIntervalInScript,
      setImmediate: (action, ...values) => setTimeoutInScript(action, 0, ...values),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    },
    stop: () => [...open.keys()].forEach(clear),
  };
}

module.exports = { Pending, timersFor };
