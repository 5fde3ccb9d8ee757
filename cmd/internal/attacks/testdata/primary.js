'use strict';
// Node's own primary: a worker of APP, and once that listens, one that is the program WORKER with the argument ATTACK, if there is one.
const cluster = require('cluster');
cluster.setupPrimary({ exec: process.env.APP });
cluster.fork();
cluster.once('listening', () => {
  if (!process.env.ATTACK) return;
  process.execPath = process.env.WORKER;
  cluster.setupPrimary({ exec: process.env.ATTACK });
  cluster.fork();
});
process.on('SIGTERM', () => {
  for (const worker of Object.values(cluster.workers)) worker.process.kill();
  process.exit(0);
});
