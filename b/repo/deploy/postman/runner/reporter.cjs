'use strict';
// What a run prints, and its files.

const fs = require('node:fs');
const util = require('node:util');
const { junit } = require('./junit.cjs');

const palette = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 };

const isJSON = (headers) => headers.some(({ key, value }) => key.toLowerCase() === 'content-type' && /\bjson\b/.test(value));

/** JSON is laid out in lines, so that it can be read; anything else is shown as it is. */
function readable(body, headers) {
  if (!isJSON(headers)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

class Reporter {
  #options;
  #started = Date.now();
  #requests = 0;
  #steps = [];
  #failures = [];
  #counts = { passed: 0, failed: 0, skipped: 0 };

  constructor(options) {
    this.#options = options;
    const auto = process.stdout.isTTY && !process.env.NO_COLOR;
    const on = options.color === 'on' || (options.color === 'auto' && auto);
    this.paint = (color, text) => (on ? `\x1b[${palette[color]}m${text}\x1b[0m` : text);
  }

  get anyFailed() { return this.#counts.failed > 0; }

  began(step) {
    this.#steps.push({ name: step.path.join(' / '), assertions: [] });
    console.log(`\n${this.paint('bold', `→ ${step.path.join(' / ')}`)}`);
  }

  sending(request) {
    this.#requests += 1;
    if (!this.#options.verbose) return;
    console.log(`  ${this.paint('blue', `${request.method} ${request.url}`)}`);
    this.#block('↑ request', request.headers, request.body || '');
  }

  received(request, response) {
    const summary = `${response.code} ${response.status}, ${response.responseSize} B, ${response.responseTime} ms`;
    if (this.#options.verbose) this.#block(`↓ ${summary}`, response.headers.all(), response.text());
    else console.log(`  ${request.method} ${request.url} ${this.paint('grey', `[${summary}]`)}`);
  }

  passed(name) {
    this.#counts.passed += 1;
    this.#note(name, { outcome: 'passed' });
    console.log(`  ${this.paint('green', '✓')} ${name}`);
  }

  skipped(name) {
    this.#counts.skipped += 1;
    this.#note(name, { outcome: 'skipped' });
    console.log(`  ${this.paint('yellow', '-')} ${name} (skipped)`);
  }

  failed(name, error) {
    this.#counts.failed += 1;
    this.#note(name, { outcome: 'failed', error });
    this.#failures.push(`${this.#steps.at(-1).name}: ${name}\n   ${error}`);
    console.log(`  ${this.paint('red', `✗ ${name}`)}\n      ${error}`);
  }

  requestFailed(error) { this.failed('request', error); }

  scriptFailed(name, error) { this.failed(name, error); }

  logged(values) { console.log(`  │ ${util.format(...values)}`); }

  /** Prints the summary and writes the files asked for. True if nothing failed. */
  finish() {
    const { passed, failed, skipped } = this.#counts;
    console.log(`\n${this.#requests} requests in ${((Date.now() - this.#started) / 1000).toFixed(1)} s`);
    this.#failures.forEach((failure, index) => console.log(this.paint('red', `${index + 1}. ${failure}`)));
    if (this.#options.json) {
      const results = { requests: this.#requests, ...this.#counts, steps: this.#steps };
      fs.writeFileSync(this.#options.json, `${JSON.stringify(results, null, 2)}\n`);
    }
    if (this.#options.junit) fs.writeFileSync(this.#options.junit, junit(this.#steps));
    console.log(`postman: ${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed === 0;
  }

  #note(name, result) { this.#steps.at(-1).assertions.push({ name, ...result }); }

  #block(title, headers, body) {
    const bar = (mark) => this.paint('grey', `  ${mark}`);
    console.log(`${bar('┌')} ${title}`);
    for (const { key, value } of headers) console.log(`${bar('│')} ${this.paint('grey', `${key}: ${value}`)}`);
    if (body) {
      console.log(bar('│'));
      for (const line of readable(body, headers).split('\n')) console.log(`${bar('│')} ${line}`);
    }
    console.log(bar('└'));
  }
}

module.exports = { Reporter };
