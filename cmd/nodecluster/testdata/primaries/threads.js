// A thread is the primary of workers of its own, beside the main thread's.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { listening, spread } = require('./ask');

if (!cluster.isPrimary) {
  http.createServer((req, res) => res.end(`${process.env.OF} ${cluster.worker.id}`)).listen(0, '127.0.0.1');
} else if (isMainThread) {
  main();
} else {
  run('thread').then((said) => parentPort.postMessage(said));
}

async function run(OF) {
  cluster.setupPrimary({ exec: __filename });
  const workers = [cluster.fork({ OF }), cluster.fork({ OF })];
  const { port } = await listening(cluster, 2);
  const said = [await spread(port, 12)];
  for (const worker of workers) {
    worker.disconnect();
    said.push(await once(worker, 'exit'));
  }
  return said;
}

async function main() {
  const thread = new Worker(__filename);
  console.log(...await Promise.all([run('main'), once(thread, 'message'), once(thread, 'exit')]));
}
