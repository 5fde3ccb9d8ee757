// recluster reloads its two workers twenty times, and then terminates.
const cluster = require('cluster');
const http = require('http');
const path = require('path');
const recluster = require('recluster');
const { once } = require('events');
const { ask } = require('./ask');

const reloads = 20;

if (cluster.isPrimary) {
  primary();
} else {
  http.createServer((req, res) => res.end('answer')).listen(0, '127.0.0.1');
}

async function primary() {
  const balancer = recluster(path.join(__dirname, 'recluster.js'), { workers: 2, timeout: 60, log: {} });
  cluster.on('fork', (worker) => worker.on('error', () => {})); // it may have left before recluster asks it to
  balancer.run();
  let [, { port }] = await once(cluster, 'listening');
  await once(cluster, 'listening');
  for (let i = 1; i <= reloads; i++) {
    const old = balancer.workers().slice();
    const left = old.map((worker) => once(worker, 'exit'));
    await new Promise((resolve) => balancer.reload(resolve));
    console.log('reload', i, await ask(port), await Promise.all(left), balancer.workers().length);
  }
  const left = balancer.workers().map((worker) => once(worker, 'exit'));
  balancer.terminate(async () => {
    console.log('terminated', Object.keys(cluster.workers).length);
    await Promise.all(left); // workers that disconnect say so to a primary, which has to be there
    process.exit(); // it may have left a timer that kills a worker
  });
}
