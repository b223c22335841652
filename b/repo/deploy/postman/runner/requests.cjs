'use strict';
// From an item of the collection to the request that is sent.

const { Headers, addDefaultHeaders } = require('./http.cjs');

const joined = (part, separator) => (Array.isArray(part) ? part.join(separator) : part || '');

/** The address as text. Its parts count where they are given, as in newman; `raw` is what people read. */
function addressOf(url, replace) {
  if (!url) return '';
  if (typeof url === 'string') return url;
  if (!url.host) return url.raw || '';
  const protocol = url.protocol ? `${url.protocol}://` : '';
  const port = url.port ? `:${url.port}` : '';
  const values = new Map((url.variable || []).map(({ key, value }) => [key, replace(String(value))]));
  const segments = [].concat(url.path || []).map((segment) => (
    segment.startsWith(':') && values.has(segment.slice(1)) ? values.get(segment.slice(1)) : segment
  ));
  const path = segments.length ? `/${segments.join('/')}` : '';
  const query = (url.query || []).filter((each) => !each.disabled)
    .map(({ key, value }) => (value === null || value === undefined ? key : `${key}=${value}`));
  return `${protocol}${joined(url.host, '.')}${port}${path}${query.length ? `?${query.join('&')}` : ''}`;
}

function bodyOf(body, headers, replace) {
  if (!body || body.disabled || !body.mode) return null;
  if (body.mode === 'raw') {
    if (body.options?.raw?.language === 'json' && !headers.has('Content-Type')) {
      headers.add({ key: 'Content-Type', value: 'application/json' });
    }
    return body.raw || '';
  }
  if (body.mode === 'urlencoded') {
    if (!headers.has('Content-Type')) headers.add({ key: 'Content-Type', value: 'application/x-www-form-urlencoded' });
    const encoded = (text) => encodeURIComponent(replace(String(text)));
    return body.urlencoded.filter((field) => !field.disabled).map(({ key, value }) => `${encoded(key)}=${encoded(value)}`).join('&');
  }
  throw new Error(`a body of mode '${body.mode}' is not supported`);
}

/** The request as pre-request scripts see and change it, variables not yet replaced: `pm.request`. */
function prepare(step, variables) {
  const source = typeof step.item.request === 'string' ? { url: step.item.request } : step.item.request;
  const replace = (text) => variables.replaceIn(text);
  const headers = new Headers((Array.isArray(source.header) ? source.header : [])
    .filter((header) => !header.disabled).map(({ key, value }) => ({ key, value })));
  const raw = addressOf(source.url, replace);
  return {
    method: source.method || 'GET',
    url: { raw, toString() { return this.raw; } },
    headers,
    body: { raw: bodyOf(source.body, headers, replace), toString() { return this.raw || ''; } },
    auth: source.auth || step.auth,
    addHeader(header) { this.headers.add(header); },
  };
}

function authorize(auth, headers, replace) {
  if (!auth || auth.type === 'noauth') return;
  const field = (name) => replace(String((auth[auth.type] || []).find(({ key }) => key === name)?.value ?? ''));
  if (auth.type === 'bearer') headers.upsert({ key: 'Authorization', value: `Bearer ${field('token')}` });
  else if (auth.type === 'basic') {
    const credentials = Buffer.from(`${field('username')}:${field('password')}`).toString('base64');
    headers.upsert({ key: 'Authorization', value: `Basic ${credentials}` });
  } else if (auth.type === 'apikey') headers.upsert({ key: field('key'), value: field('value') });
  else throw new Error(`authorisation of type '${auth.type}' is not supported`);
}

/** The request to send, every variable replaced; `pm.request` is brought up to date with it. */
function resolve(request, variables) {
  const replace = (text) => variables.replaceIn(text);
  const headers = new Headers(request.headers.all().map(({ key, value }) => ({ key: replace(key), value: replace(String(value)) })));
  authorize(request.auth, headers, replace);
  const address = replace(String(request.url));
  const sent = {
    method: request.method,
    url: /^https?:\/\//i.test(address) ? address : `http://${address}`,
    headers: headers.list,
    body: replace(request.body.raw),
  };
  if (!URL.canParse(sent.url)) throw new Error(`'${address}' is not an address`);
  addDefaultHeaders(sent);
  Object.assign(request, { headers });
  request.url.raw = sent.url;
  request.body.raw = sent.body;
  return sent;
}

module.exports = { addressOf, prepare, resolve };
