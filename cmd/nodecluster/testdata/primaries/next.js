// Next behind an http server in the usual wrapper: as many workers as are wanted, one that dies is forked again, and SIGTERM has all close.
// The argument is the folder of an application that next build has been through.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { ask, listening } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else {
  worker(process.argv[2]);
}

async function worker(dir) {
  const app = require('next')({ dev: false, dir });
  await app.prepare();
  const handle = app.getRequestHandler();
  const server = http.createServer((req, res) => handle(req, res));
  server.listen(0, '127.0.0.1');
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}

async function primary() {
  for (let i = 0; i < 2; i++) {
    cluster.fork();
  }
  const fork = () => cluster.fork();
  cluster.on('exit', fork);
  const { port } = await listening(cluster, 2);
  for (const path of ['/', '/?text=asked', '/api/hello', '/nowhere', '/']) {
    console.log(path, await ask(port, path));
  }
  for (const event of ['fork', 'online', 'listening']) {
    cluster.on(event, ({ id }) => console.log(event, id));
  }
  const forked = once(cluster, 'listening');
  cluster.workers[1].process.kill('SIGKILL');
  await forked;
  console.log(await ask(port, '/api/hello'), Object.keys(cluster.workers));
  cluster.off('exit', fork);
  const ends = Object.values(cluster.workers).map((worker) => {
    worker.process.kill('SIGTERM');
    return Promise.all([once(worker, 'exit'), once(worker, 'disconnect')]);
  });
  console.log(await Promise.all(ends));
}
