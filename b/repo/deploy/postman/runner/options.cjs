'use strict';
// The command line: a part of newman's, under the same names.

class UsageError extends Error {}

const usage = `usage: run-collection.cjs run COLLECTION [options]

  -e, --environment FILE         environment to use
  -g, --globals FILE             globals to use
      --env-var KEY=VALUE        one more environment variable (may be repeated)
      --folder NAME              run this folder or request only (may be repeated)
  -n, --iteration-count N        how often to run the collection (1)
      --delay-request MS         pause between requests (0)
      --timeout-request MS       limit for one request (30000)
      --timeout-script MS        limit for one script with its timers (30000)
      --bail                     stop at the first failure
      --verbose                  show each request and response whole
      --color on|off|auto        colours (auto: on a terminal)
      --reporter-junit-export F  write the results as JUnit XML
      --reporter-json-export F   write the results as JSON
  -h, --help                     this text`;

const number = (text, name) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new UsageError(`${name} wants a whole number, not '${text}'`);
  return value;
};

const variable = (text) => {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--env-var wants KEY=VALUE, not '${text}'`);
  return { key: text.slice(0, at), value: text.slice(at + 1) };
};

const flags = {
  '--bail': (o) => { o.bail = true; },
  '--verbose': (o) => { o.verbose = true; },
  '-h': (o) => { o.help = true; },
  '--help': (o) => { o.help = true; },
};

const valued = {
  '-e': (o, v) => { o.environment = v; },
  '--environment': (o, v) => { o.environment = v; },
  '-g': (o, v) => { o.globals = v; },
  '--globals': (o, v) => { o.globals = v; },
  '--env-var': (o, v) => { o.environmentVariables.push(variable(v)); },
  '--folder': (o, v) => { o.folders.push(v); },
  '-n': (o, v) => { o.iterations = number(v, '-n'); },
  '--iteration-count': (o, v) => { o.iterations = number(v, '--iteration-count'); },
  '--delay-request': (o, v) => { o.delayMilliseconds = number(v, '--delay-request'); },
  '--timeout-request': (o, v) => { o.requestMilliseconds = number(v, '--timeout-request'); },
  '--timeout-script': (o, v) => { o.scriptMilliseconds = number(v, '--timeout-script'); },
  '--reporter-junit-export': (o, v) => { o.junit = v; },
  '--reporter-json-export': (o, v) => { o.json = v; },
  '--color': (o, v) => {
    if (!['on', 'off', 'auto'].includes(v)) throw new UsageError(`--color wants on, off or auto, not '${v}'`);
    o.color = v;
  },
};

/** The options of a command line. Throws a UsageError that names what is wrong. */
function parseOptions(words) {
  const options = {
    collection: null, environment: null, globals: null, environmentVariables: [], folders: [], iterations: 1,
    delayMilliseconds: 0, requestMilliseconds: 30000, scriptMilliseconds: 30000, bail: false, verbose: false,
    color: 'auto', junit: null, json: null, help: false,
  };
  const rest = [...words];
  if (rest[0] === 'run') rest.shift();
  while (rest.length) {
    const word = rest.shift();
    if (flags[word]) flags[word](options);
    else if (valued[word]) {
      if (!rest.length) throw new UsageError(`${word} wants a value`);
      valued[word](options, rest.shift());
    } else if (word.startsWith('-')) throw new UsageError(`unknown option ${word} (see --help)`);
    else if (options.collection) throw new UsageError(`one collection at a time: ${options.collection}, ${word}`);
    else options.collection = word;
  }
  if (!options.collection && !options.help) throw new UsageError('which collection? (see --help)');
  return options;
}

module.exports = { UsageError, parseOptions, usage };
