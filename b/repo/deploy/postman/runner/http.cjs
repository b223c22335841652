'use strict';
// What goes over the wire: headers, a response as scripts see it, and sending.

const http = require('node:http');
const https = require('node:https');
const { chai } = require('./libraries.cjs');

/** A list of headers, found whatever their case. */
class Headers {
  constructor(list) { this.list = list; }

  #named(key) { return this.list.filter((header) => header.key.toLowerCase() === String(key).toLowerCase()); }

  get(key) { return this.#named(key).at(-1)?.value; }
  has(key, value) {
    const found = this.get(key);
    return found !== undefined && (value === undefined || found === value);
  }
  add(header) { this.list.push(header); }
  remove(key) {
    const gone = this.#named(key);
    this.list = this.list.filter((header) => !gone.includes(header));
  }
  upsert(header) {
    this.remove(header.key);
    this.add(header);
  }
  all() { return this.list; }
  each(visit) { this.list.forEach(visit); }
  toObject() { return Object.fromEntries(this.list.map(({ key, value }) => [key, value])); }
}

/** A response as `pm.response`. */
class Response {
  constructor({ code, status, headers, body, milliseconds }) {
    this.code = code;
    this.status = status;
    this.headers = new Headers(headers);
    this.stream = body;
    this.responseTime = milliseconds;
    this.responseSize = body.length;
  }

  text() { return this.stream.toString('utf8'); }
  json() { return JSON.parse(this.text()); }
  reason() { return this.status; }
  get to() { return chai.expect(this).to; }
}

const pairs = (raw) => {
  const list = [];
  for (let i = 0; i < raw.length; i += 2) list.push({ key: raw[i], value: raw[i + 1] });
  return list;
};

/** Adds what every request carries to `request.headers` unless it is there. */
function addDefaultHeaders(request) {
  const headers = new Headers(request.headers);
  const defaults = { 'User-Agent': 'run-collection/1', Accept: '*/*', Host: new URL(request.url).host };
  if (request.body !== null) defaults['Content-Length'] = String(Buffer.byteLength(request.body));
  for (const [key, value] of Object.entries(defaults)) if (!headers.has(key)) headers.add({ key, value });
}

/**
 * Sends `{method, url, headers, body}` and resolves with the Response. Redirects are not followed.
 * Rejects if there is no whole answer within `limitMilliseconds`.
 */
function send(request, limitMilliseconds) {
  return new Promise((resolve, reject) => {
    const url = new URL(request.url);
    const { request: open } = url.protocol === 'https:' ? https : http;
    const started = process.hrtime.bigint();
    const headers = {};
    for (const { key, value } of request.headers) {
      headers[key] = key in headers ? [].concat(headers[key], value) : value;
    }
    const outgoing = open(url, { method: request.method, headers }, (incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        clearTimeout(limit);
        resolve(new Response({
          code: incoming.statusCode,
          status: incoming.statusMessage,
          headers: pairs(incoming.rawHeaders),
          body: Buffer.concat(chunks),
          milliseconds: Math.round(Number(process.hrtime.bigint() - started) / 1e6),
        }));
      });
    });
    const limit = setTimeout(() => outgoing.destroy(new Error(`no answer within ${limitMilliseconds} ms`)), limitMilliseconds);
    outgoing.on('error', (error) => {
      clearTimeout(limit);
      // Several addresses tried in vain come as an AggregateError without a text of its own.
      reject(error.message ? error : new Error((error.errors || []).map((each) => each.message).join(', ') || error.code));
    });
    outgoing.end(request.body === null ? undefined : request.body);
  });
}

module.exports = { Headers, Response, addDefaultHeaders, send };
