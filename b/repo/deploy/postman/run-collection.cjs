#!/usr/bin/env node
'use strict';
// Runs a Postman collection (v2.1) where newman is not to be had, with newman's options and the same script libraries.
// The last line says `postman: N passed, N failed, N skipped`; the exit code is 1 if anything failed, 2 for wrong usage.

const { UsageError, parseOptions, usage } = require('./runner/options.cjs');

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const { loadCollection } = require('./runner/collection.cjs');
  const { Reporter } = require('./runner/reporter.cjs');
  const { runCollection } = require('./runner/run.cjs');
  const { Variables } = require('./runner/variables.cjs');

  const collection = loadCollection(options);
  const reporter = new Reporter(options);
  await runCollection(collection, new Variables(collection, options), reporter, options);
  return reporter.finish() ? 0 : 1;
}

// Whoever reads the output may stop reading (`| head`).
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(1);
});

main().then(
  // Not process.exit(): what was printed into a pipe must arrive.
  (code) => { process.exitCode = code; },
  (error) => {
    console.error(error instanceof UsageError ? `run-collection: ${error.message}` : error);
    process.exitCode = 2;
  },
);
