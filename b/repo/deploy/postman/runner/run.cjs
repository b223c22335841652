'use strict';
// Walks the collection: scripts, request, scripts; then the next request or the one that a script named.

const { send } = require('./http.cjs');
const { prepare, resolve } = require('./requests.cjs');
const { runScript } = require('./script.cjs');

/** Bounds an iteration whose scripts keep naming each other. */
const maximumRequests = 5000;

const pause = (milliseconds) => new Promise((resolvePause) => { setTimeout(resolvePause, milliseconds); });

async function exchange(context, reporter) {
  try {
    const request = resolve(context.request, context.variables);
    reporter.sending(request);
    context.response = await send(request, context.options.requestMilliseconds);
    reporter.received(request, context.response);
  } catch (error) {
    reporter.requestFailed(error.message);
  }
}

async function runStep(step, variables, reporter, options, iteration) {
  const context = { step, variables, options, iteration, request: null, response: undefined, next: null, skip: false };
  reporter.began(step);
  try {
    context.request = prepare(step, variables);
  } catch (error) {
    reporter.requestFailed(error.message);
    return null;
  }
  for (const source of step.prerequest) await runScript(source, 'prerequest', context, reporter);
  if (context.skip) return context.next;
  await exchange(context, reporter);
  for (const source of step.test) await runScript(source, 'test', context, reporter);
  return context.next;
}

/** Runs all iterations, reporting to `reporter`. */
async function runCollection({ steps }, variables, reporter, options) {
  for (let iteration = 0; iteration < options.iterations; iteration += 1) {
    variables.local.clear();
    let at = 0;
    for (let count = 0; at < steps.length; count += 1) {
      if (count === maximumRequests) {
        reporter.requestFailed(`more than ${maximumRequests} requests in one iteration`);
        break;
      }
      const next = await runStep(steps[at], variables, reporter, options, iteration);
      if (options.bail && reporter.anyFailed) return;
      if (!next) at += 1;
      else if (next.name === null) break;
      else {
        at = steps.findIndex((step) => step.name === next.name || step.id === next.name);
        if (at < 0) {
          reporter.requestFailed(`the next request '${next.name}' is not in this run`);
          break;
        }
      }
      if (options.delayMilliseconds) await pause(options.delayMilliseconds);
    }
  }
}

module.exports = { runCollection };
