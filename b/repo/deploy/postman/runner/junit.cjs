'use strict';
// The results as JUnit XML, which build servers read.

const entities = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
// Control characters cannot stand in XML at all.
const escaped = (text) => String(text).replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '\uFFFD').replace(/[<>&"]/g, (each) => entities[each]);

function testcase({ name, outcome, error }) {
  const inside = { passed: '', skipped: '<skipped/>', failed: `<failure message="${escaped(error)}"/>` }[outcome];
  return `    <testcase name="${escaped(name)}">${inside}</testcase>`;
}

function testsuite({ name, assertions }) {
  const count = (outcome) => assertions.filter((each) => each.outcome === outcome).length;
  const numbers = `tests="${assertions.length}" failures="${count('failed')}" skipped="${count('skipped')}"`;
  return [`  <testsuite name="${escaped(name)}" ${numbers}>`, ...assertions.map(testcase), '  </testsuite>'].join('\n');
}

/** The document for `[{name, assertions: [{name, outcome, error?}]}]`. */
const junit = (steps) => [
  '<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...steps.map(testsuite), '</testsuites>', '',
].join('\n');

module.exports = { junit };
