'use strict';
// Variables and their scopes, and `{{name}}` in texts.

const crypto = require('node:crypto');
const { readJSON } = require('./collection.cjs');

const maximumNesting = 20;

class Scope {
  #values = new Map();

  constructor(list = []) {
    for (const { key, value, enabled, disabled } of list) {
      if (enabled !== false && disabled !== true) this.#values.set(key, value);
    }
  }

  get(key) { return this.#values.get(key); }
  has(key) { return this.#values.has(key); }
  set(key, value) { this.#values.set(key, value); }
  unset(key) { this.#values.delete(key); }
  clear() { this.#values.clear(); }
  toObject() { return Object.fromEntries(this.#values); }
}

const between = (low, high) => crypto.randomInt(low, high + 1);
const oneOf = (list) => list[between(0, list.length - 1)];
const hex = (bytes) => crypto.randomBytes(bytes).toString('hex');

const dynamic = {
  $guid: () => crypto.randomUUID(),
  $isoTimestamp: () => new Date().toISOString(),
  $randomAlphaNumeric: () => oneOf([...'abcdefghijklmnopqrstuvwxyz0123456789']),
  $randomEmail: () => `${hex(6)}@example.com`,
  $randomFirstName: () => oneOf(['Anna', 'Boris', 'Clara', 'Dmitri', 'Elena', 'Fedor']),
  $randomInt: () => between(0, 1000),
  $randomLastName: () => oneOf(['Fischer', 'Garcia', 'Novak', 'Rossi', 'Smith', 'Virtanen']),
  $randomUUID: () => crypto.randomUUID(),
  $randomUserName: () => `user${hex(5)}`,
  $timestamp: () => Math.floor(Date.now() / 1000),
};

/** The four scopes, nearest first: local (one iteration), environment, collection, globals. */
class Variables {
  constructor(collection, options) {
    const values = (file) => (file ? readJSON(file).values : []);
    this.local = new Scope();
    this.environment = new Scope([...values(options.environment), ...options.environmentVariables]);
    this.collection = new Scope(collection.variables);
    this.globals = new Scope(values(options.globals));
  }

  get scopes() { return [this.local, this.environment, this.collection, this.globals]; }

  get(key) { return this.scopes.find((scope) => scope.has(key))?.get(key); }

  toObject() { return Object.assign({}, ...this.scopes.reverse().map((scope) => scope.toObject())); }

  /** The text with every known `{{name}}` replaced, also those that a value brings in; unknown ones stay. */
  replaceIn(text, depth = 0) {
    if (typeof text !== 'string') return text;
    const replaced = text.replace(/\{\{([^{}]+)\}\}/g, (whole, name) => {
      if (Object.hasOwn(dynamic, name)) return String(dynamic[name]());
      const value = this.get(name);
      if (value === undefined) return whole;
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
    });
    return replaced === text || depth >= maximumNesting ? replaced : this.replaceIn(replaced, depth + 1);
  }
}

module.exports = { Scope, Variables };
