'use strict';
// Runs the scenario that its argument names, until the recorder says "done".

const cluster = require('cluster');
const { say, finish, errorFact } = require('./util.cjs');

const scenarios = {
  ...require('./listen.cjs'),
  ...require('./udp.cjs'),
  ...require('./newconn.cjs'),
  ...require('./leave.cjs'),
  ...require('./send.cjs'),
  ...require('./sendhandle.cjs'),
  ...require('./receive.cjs'),
};

process.on('uncaughtException', (error) => {
  say({ uncaught: errorFact(error) });
  process.exit(1);
});

if (process.argv[2] !== 'receive-late') {
  process.on('message', (message) => {
    if (message === 'done') finish();
  });
}

// A forked child whose servers are still open would outlive its channel; a cluster worker must show what it does by itself.
if (!cluster.isWorker) process.on('disconnect', () => process.exit());

scenarios[process.argv[2]]();
