'use strict';
// Reads a collection and lays its tree of folders out as the list of requests to run.

const fs = require('node:fs');
const { UsageError } = require('./options.cjs');

function readJSON(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: ${error.message}`);
  }
}

const scripts = (events, listen) => (events || [])
  .filter((event) => event.listen === listen && !event.disabled && event.script)
  .map((event) => [].concat(event.script.exec || []).join('\n'));

/** `{variables, steps}`; a step is a request with the scripts and the authorisation it inherits, outermost first. */
function loadCollection(options) {
  const file = readJSON(options.collection);
  const root = file.collection || file;
  if (!/\/v2\.1\.0\//.test((root.info && root.info.schema) || '')) {
    throw new UsageError(`${options.collection} is not a collection of format v2.1.0`);
  }
  const steps = [];
  const found = new Set();
  const walk = (items, parent) => {
    for (const item of items || []) {
      const wanted = options.folders.includes(item.name);
      if (wanted) found.add(item.name);
      const node = {
        selected: parent.selected || wanted,
        path: [...parent.path, item.name],
        prerequest: [...parent.prerequest, ...scripts(item.event, 'prerequest')],
        test: [...parent.test, ...scripts(item.event, 'test')],
        auth: item.auth || parent.auth,
      };
      if (item.item) walk(item.item, node);
      else if (node.selected) steps.push({ ...node, item, name: item.name, id: item.id || node.path.join('/') });
    }
  };
  walk(root.item, {
    selected: options.folders.length === 0,
    path: [],
    prerequest: scripts(root.event, 'prerequest'),
    test: scripts(root.event, 'test'),
    auth: root.auth,
  });
  for (const folder of options.folders) {
    if (!found.has(folder)) throw new UsageError(`there is no folder or request '${folder}'`);
  }
  if (!steps.length) throw new UsageError(`${options.collection} has no requests to run`);
  return { name: root.info.name, variables: root.variable, steps };
}

module.exports = { loadCollection, readJSON };
