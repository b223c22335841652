// Preloaded into the runner of the Postman collection: the host of the homework is this machine, without a line in /etc/hosts.
'use strict';

const dns = require('node:dns');

const lookup = dns.lookup;
dns.lookup = (host, ...rest) => lookup(host === 'arch.homework' ? '127.0.0.1' : host, ...rest);
