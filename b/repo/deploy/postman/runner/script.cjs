'use strict';
// Runs one script of the collection in a context of its own, with `pm`.

const vm = require('node:vm');
const { expect } = require('./assertions.cjs');
const { send } = require('./http.cjs');
const { lodash, requireInScript } = require('./libraries.cjs');
const { Pending, timersFor } = require('./pending.cjs');
const { addressOf, prepare, resolve } = require('./requests.cjs');
const { Scope } = require('./variables.cjs');

/** Thrown by `pm.execution.skipRequest()`; no error. */
const skipped = Symbol('skip');

const text = (error) => String(error?.message ?? error);

/** `pm.test`: by return, by promise or by a `done` callback. */
function testFunction(reporter, pending, api) {
  const report = (name, error) => (error ? reporter.failed(name, text(error)) : reporter.passed(name));
  const test = (name, body) => {
    if (body.length > 0) {
      let open = true;
      const done = (error) => {
        if (!open) return;
        open = false;
        report(name, error);
        pending.end();
      };
      pending.begin();
      try {
        body(done);
      } catch (error) {
        done(error);
      }
      return api();
    }
    try {
      const result = body();
      if (typeof result?.then === 'function') {
        pending.begin();
        result.then(() => report(name), (error) => report(name, error || 'rejected')).finally(() => pending.end());
      } else report(name);
    } catch (error) {
      report(name, error || 'thrown');
    }
    return api();
  };
  test.skip = (name) => {
    reporter.skipped(name);
    return api();
  };
  return test;
}

/** `pm.sendRequest`, with a callback or as a promise. */
function sendFunction(context, pending, onError) {
  return (request, callback) => {
    const source = typeof request === 'string' ? { url: request } : { ...request };
    const given = source.header || source.headers || [];
    source.header = Array.isArray(given) ? given : Object.entries(given).map(([key, value]) => ({ key, value }));
    if (typeof source.body === 'string') source.body = { mode: 'raw', raw: source.body };
    source.url = addressOf(source.url, (each) => context.variables.replaceIn(each));
    const sent = (async () => {
      const ready = resolve(prepare({ item: { request: source } }, context.variables), context.variables);
      return send(ready, context.options.requestMilliseconds);
    })();
    pending.begin();
    if (!callback) {
      // The script goes on in the promise's continuation, so the end is noted after that.
      sent.catch(() => {}).finally(() => setImmediate(() => pending.end()));
      return sent;
    }
    sent.then((response) => callback(null, response), (error) => callback(error)).catch(onError).finally(() => pending.end());
    return undefined;
  };
}

function postmanAPI(listen, context, reporter, pending, onError) {
  const { variables, step } = context;
  const replaceIn = (value) => variables.replaceIn(value);
  const facade = (scope) => ({
    get: (key) => scope.get(key),
    has: (key) => scope.has(key),
    set: (key, value) => scope.set(key, value),
    unset: (key) => scope.unset(key),
    clear: () => scope.clear(),
    toObject: () => scope.toObject(),
    replaceIn,
  });
  const pm = {
    info: {
      eventName: listen, iteration: context.iteration, iterationCount: context.options.iterations,
      requestName: step.name, requestId: step.id,
    },
    variables: {
      ...facade(variables.local),
      get: (key) => variables.get(key),
      has: (key) => variables.get(key) !== undefined,
      toObject: () => variables.toObject(),
    },
    environment: facade(variables.environment),
    collectionVariables: facade(variables.collection),
    globals: facade(variables.globals),
    iterationData: facade(new Scope()),
    request: context.request,
    response: context.response,
    expect,
    execution: {
      location: Object.assign([...step.path], { current: step.name }),
      setNextRequest: (name) => { context.next = { name }; },
      skipRequest: () => {
        context.skip = true;
        throw skipped;
      },
    },
  };
  pm.test = testFunction(reporter, pending, () => pm);
  pm.sendRequest = sendFunction(context, pending, onError);
  return pm;
}

/** Runs `source` and waits for all it has begun. Whatever goes wrong in it is reported, nothing is thrown. */
async function runScript(source, listen, context, reporter) {
  const pending = new Pending();
  const onError = (error) => {
    if (error !== skipped) reporter.scriptFailed(`${listen} script`, text(error));
  };
  const timers = timersFor(pending, onError);
  const pm = postmanAPI(listen, context, reporter, pending, onError);
  const log = (...values) => reporter.logged(values);
  const sandbox = {
    ...timers.globals,
    pm,
    postman: {
      setNextRequest: pm.execution.setNextRequest,
      getEnvironmentVariable: pm.environment.get,
      setEnvironmentVariable: pm.environment.set,
    },
    console: { debug: log, error: log, info: log, log, warn: log },
    require: requireInScript,
    _: lodash,
    Buffer, URL, URLSearchParams, TextDecoder, TextEncoder, atob, btoa,
  };
  try {
    const filename = `${context.step.path.join(' / ')} (${listen})`;
    const limit = { filename, lineOffset: -1, timeout: context.options.scriptMilliseconds };
    const run = vm.runInNewContext(`(async () => {\n${source}\n})()`, sandbox, limit);
    pending.begin();
    run.catch(onError).finally(() => pending.end());
  } catch (error) {
    onError(error);
  }
  if (!(await pending.settled(context.options.scriptMilliseconds))) {
    onError(new Error(`did not end within ${context.options.scriptMilliseconds} ms`));
  }
  timers.stop();
}

module.exports = { runScript };
