'use strict';
// What Postman adds to chai: `pm.response.to.have.status(201)`, `….to.have.jsonBody('id')`, `….to.be.ok` and so on.

const { Ajv, chai } = require('./libraries.cjs');
const { Response } = require('./http.cjs');

const exact = {
  ok: 200, accepted: 202, badRequest: 400, unauthorized: 401, forbidden: 403, notFound: 404, rateLimited: 429,
};
const ranges = {
  info: [100, 199], success: [200, 299], redirection: [300, 399], clientError: [400, 499], serverError: [500, 599], error: [400, 599],
};

const isJSON = (response) => {
  try {
    response.json();
    return true;
  } catch {
    return false;
  }
};

const at = (value, path) => path.replace(/\[(\d+)\]/g, '.$1').split('.').reduce((found, key) => found?.[key], value);

chai.use(({ Assertion }) => {
  const method = (name, check) => Assertion.addMethod(name, check);

  method('status', function status(want) {
    const byCode = typeof want === 'number';
    const got = byCode ? this._obj.code : this._obj.status;
    this.assert(
      got === want,
      `expected response to have status ${byCode ? 'code' : 'reason'} ${want} but got ${got}`,
      `expected response to not have status ${want}`,
    );
  });

  method('header', function header(key, ...values) {
    const got = this._obj.headers.get(key);
    if (!values.length) {
      this.assert(got !== undefined, `expected response to have header '${key}'`, `expected response to not have header '${key}'`);
    } else {
      const [want] = values;
      this.assert(
        got === want,
        `expected response header '${key}' to be '${want}' but got '${got}'`,
        `expected response header '${key}' to not be '${want}'`,
      );
    }
  });

  method('body', function body(want) {
    const text = this._obj.text();
    const good = want === undefined ? text.length > 0 : want instanceof RegExp ? want.test(text) : text === want;
    this.assert(good, `expected response body to be '${want ?? 'present'}' but got '${text}'`, 'expected response body to differ');
  });

  method('jsonBody', function jsonBody(path, ...values) {
    const json = this._obj.json();
    if (path === undefined) return;
    if (typeof path === 'object') {
      new Assertion(json).to.eql(path);
      return;
    }
    const got = at(json, path);
    if (values.length) new Assertion(got, `response body at '${path}'`).to.eql(values[0]);
    else this.assert(got !== undefined, `expected response body to have '${path}'`, `expected response body to not have '${path}'`);
  });

  method('jsonSchema', function jsonSchema(schema, options) {
    const ajv = new Ajv({ allErrors: true, logger: false, ...options });
    const data = this._obj instanceof Response ? this._obj.json() : this._obj;
    const good = ajv.validate(schema, data);
    this.assert(good, `expected data to satisfy the schema: ${ajv.errorsText()}`, 'expected data to not satisfy the schema');
  });

  // Some names (`ok`, `error`) are chai's own, for other values than responses.
  const property = (name, holds, text) => {
    const check = function check() {
      const response = this._obj;
      const got = response instanceof Response ? ` but got ${response.code}` : '';
      this.assert(holds(response), `expected response to be ${text}${got}`, `expected response to not be ${text}`);
    };
    const present = Object.getOwnPropertyDescriptor(Assertion.prototype, name);
    if (!present?.get) Assertion.addProperty(name, check);
    else {
      Assertion.overwriteProperty(name, (original) => function either() {
        if (this._obj instanceof Response) check.call(this);
        else original.call(this);
      });
    }
  };
  for (const [name, code] of Object.entries(exact)) property(name, (response) => response.code === code, `${name} (${code})`);
  for (const [name, [low, high]] of Object.entries(ranges)) {
    property(name, (response) => response.code >= low && response.code <= high, `${name} (${low}-${high})`);
  }
  property('json', isJSON, 'JSON');
  property('withBody', (response) => response.responseSize > 0, 'with a body');
});

module.exports = { expect: chai.expect };
