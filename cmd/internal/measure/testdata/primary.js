'use strict';
// Node's own primary over workers of any program: WORKER is the program, SCRIPT what it runs, if it runs one.
const cluster = require('cluster');
cluster.setupPrimary({ exec: process.env.SCRIPT || '-' });
if (process.env.WORKER) process.execPath = process.env.WORKER;
for (let i = 0; i < Number(process.env.WORKERS); i++) cluster.fork();
process.on('SIGTERM', () => {
  for (const worker of Object.values(cluster.workers)) worker.process.kill();
  process.exit(0);
});
