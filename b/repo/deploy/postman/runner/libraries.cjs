'use strict';
// The libraries that scripts may use, as newman offers them. Debian has them as packages.

const { Module } = require('node:module');
const path = require('node:path');
const { UsageError } = require('./options.cjs');

// Debian's own node looks there by itself; any other node wants to be told, as NODE_PATH does it.
process.env.NODE_PATH = [process.env.NODE_PATH, '/usr/share/nodejs'].filter(Boolean).join(path.delimiter);
Module._initPaths();

function load(name, debianPackage) {
  try {
    return require(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new UsageError(`the library '${name}' is missing: apt-get install ${debianPackage}`);
  }
}

const chai = load('chai', 'chai');
const Ajv = load('ajv', 'node-ajv');
const lodash = load('lodash', 'node-lodash');

const modules = {
  ajv: () => Ajv,
  assert: () => require('node:assert'),
  buffer: () => require('node:buffer'),
  chai: () => chai,
  crypto: () => require('node:crypto'),
  lodash: () => lodash,
  querystring: () => require('node:querystring'),
  url: () => require('node:url'),
  util: () => require('node:util'),
  uuid: () => load('uuid', 'node-uuid'),
};

/** What `require` means in a script. */
function requireInScript(name) {
  if (!Object.hasOwn(modules, name)) throw new Error(`Cannot find module '${name}'`);
  return modules[name]();
}

module.exports = { Ajv, chai, lodash, requireInScript };
