// A reload without downtime as programs write it: a new worker listens, then an old one leaves, while clients ask.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { ask } = require('./ask');

const workers = 3;
const reloads = 2;

if (cluster.isPrimary) {
  primary();
} else {
  http.createServer((req, res) => res.end('ok')).listen(0, '127.0.0.1');
}

async function primary() {
  const forked = Array.from({ length: workers }, () => cluster.fork());
  const [[{ port }]] = await Promise.all(forked.map((worker) => once(worker, 'listening')));
  let reloading = true;
  const failures = {};
  const clients = [1, 2, 3, 4].map(async () => {
    while (reloading) {
      await ask(port).catch((err) => failures[err.code] = (failures[err.code] || 0) + 1);
    }
  });
  for (let i = 0; i < reloads; i++) {
    for (const old of Object.values(cluster.workers)) {
      const successor = cluster.fork();
      await once(successor, 'listening');
      old.disconnect();
      console.log(old.id, successor.id, await once(old, 'exit'), old.exitedAfterDisconnect);
    }
  }
  reloading = false;
  await Promise.all(clients);
  console.log(failures, Object.keys(cluster.workers));
  cluster.disconnect();
}
