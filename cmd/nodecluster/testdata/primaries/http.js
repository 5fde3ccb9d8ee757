// The first example of Node's documentation: an HTTP server in each worker, here with every way to end one.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { listening, spread } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else {
  http.createServer((req, res) => res.end(`worker ${cluster.worker.id}`)).listen(0, '127.0.0.1');
  process.on('message', () => process.exit(3));
}

async function primary() {
  const workers = [1, 2, 3, 4].map(() => cluster.fork());
  cluster.on('exit', (worker, code, signal) => console.log(`worker ${worker.id} died`, code, signal, worker.exitedAfterDisconnect));
  const { port, addressType, address, fd } = await listening(cluster, 4);
  console.log(addressType, address, fd, await spread(port, 16));
  const ends = [(w) => w.process.kill(), (w) => w.disconnect(), (w) => w.process.kill('SIGKILL'), (w) => w.send('exit')];
  for (const [i, end] of ends.entries()) {
    end(workers[i]);
    await once(cluster, 'exit');
    console.log(Object.keys(cluster.workers));
    if (i < 3) {
      console.log(await spread(port, 16));
    }
  }
}
