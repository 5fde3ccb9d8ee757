'use strict';
// Forks FORKS workers, each once the one before listens, and writes how many ms each call of cluster.fork() took to OUT, as JSON.
// Two workers stay at a time.
const cluster = require('cluster');
const { once } = require('events');
const { renameSync, writeFileSync } = require('fs');
const { performance } = require('perf_hooks');

async function measure() {
  const took = [];
  const workers = [];
  while (took.length < Number(process.env.FORKS)) {
    const began = performance.now();
    const worker = cluster.fork();
    took.push(performance.now() - began);
    workers.push(worker);
    await once(worker, 'listening');
    if (workers.length > 2) {
      const oldest = workers.shift();
      oldest.process.kill('SIGKILL');
      await once(oldest, 'exit');
    }
  }
  writeFileSync(`${process.env.OUT}.new`, JSON.stringify(took));
  renameSync(`${process.env.OUT}.new`, process.env.OUT);
}

if (cluster.isWorker) require('net').createServer().listen(0, '127.0.0.1');
else measure();
