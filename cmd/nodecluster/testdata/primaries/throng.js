// throng keeps two workers, one of which is killed, until the program is told to end.
const cluster = require('cluster');
const http = require('http');
const throng = require('throng');
const { once } = require('events');
const { listening, spread } = require('./ask');

throng({ master: primary, worker, count: 2, signals: ['SIGTERM'] });

function worker(id, disconnect) {
  process.once('SIGTERM', disconnect);
  http.createServer((req, res) => res.end(`worker ${id}`)).listen(0, '127.0.0.1');
}

function primary() {
  cluster.on('fork', ({ id }) => console.log('fork', id));
  run();
}

async function run() {
  const { port } = await listening(cluster, 2);
  console.log(await spread(port, 12));
  const revived = once(cluster, 'listening');
  const died = once(cluster.workers[1], 'exit');
  cluster.workers[1].process.kill('SIGKILL');
  console.log(await died);
  await revived;
  console.log(await spread(port, 12));
  const exits = Object.values(cluster.workers).map((left) => once(left, 'exit'));
  process.kill(process.pid, 'SIGTERM');
  console.log(await Promise.all(exits));
}
