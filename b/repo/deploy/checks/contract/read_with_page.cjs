'use strict';
// Prints as JSON what the reader inside the documentation page makes of a YAML document: read_with_page.cjs PAGE DOCUMENT

const fs = require('node:fs');
const vm = require('node:vm');

const [page, document] = process.argv.slice(2).map((file) => fs.readFileSync(file, 'utf8'));
const [, reader] = /<script id="yaml-reader">\n([\s\S]*?)<\/script>/.exec(page);
const text = vm.runInNewContext(`${reader}\nJSON.stringify(readYAML(source))`, { source: document });
process.stdout.write(text);
