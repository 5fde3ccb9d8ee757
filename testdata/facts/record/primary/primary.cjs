'use strict';
// Runs the scenario that its argument names, as primary and, in the same script, as worker.

const cluster = require('cluster');

const scenarios = {
  ...require('./sharing.cjs'),
  ...require('./events.cjs'),
  ...require('./errors.cjs'),
  ...require('./inspect.cjs'),
  ...require('./replies.cjs'),
};

const { primary, worker } = scenarios[process.argv[2]];
(cluster.isPrimary ? primary : worker)();
