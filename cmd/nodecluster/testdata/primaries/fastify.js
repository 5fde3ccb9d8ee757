// Fastify in the usual wrapper: as many workers as are wanted, one that dies is forked again, and SIGTERM has all close.
const cluster = require('cluster');
const { once } = require('events');
const { ask, listening } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else {
  const app = require('fastify')();
  app.get('/', async () => ({ hello: 'world' }));
  app.listen({ port: 0, host: '127.0.0.1' });
  process.on('SIGTERM', async () => {
    await app.close();
    process.exit(0);
  });
}

async function primary() {
  for (let i = 0; i < 2; i++) {
    cluster.fork();
  }
  const fork = () => cluster.fork();
  cluster.on('exit', fork);
  const { port } = await listening(cluster, 2);
  for (let i = 0; i < 4; i++) {
    console.log(await ask(port));
  }
  const forked = once(cluster, 'listening');
  cluster.workers[1].process.kill('SIGKILL');
  await forked;
  console.log(await ask(port), Object.keys(cluster.workers));
  cluster.off('exit', fork);
  const exits = Object.values(cluster.workers).map((worker) => {
    worker.process.kill('SIGTERM');
    return once(worker, 'exit');
  });
  console.log(await Promise.all(exits));
}
