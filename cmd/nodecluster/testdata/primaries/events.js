// Every event of the cluster, a worker and its process, in the order in which they come.
const cluster = require('cluster');
const net = require('net');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  for (const event of ['online', 'listening', 'message', 'disconnect', 'exit']) {
    cluster.worker.on(event, () => console.error('worker itself', event));
  }
  process.on('disconnect', () => console.error('process itself disconnect'));
  process.on('message', () => process.send('last words', () => process.exit(5)));
  net.createServer().listen(0);
}

function show(name, emitter, events) {
  for (const event of events) {
    emitter.on(event, (...args) => console.log(name, event, ...args.map((arg) => arg instanceof cluster.Worker ? `worker ${arg.id}` : arg && arg.port ? 'address' : arg)));
  }
}

async function primary() {
  show('cluster', cluster, ['setup', 'fork', 'online', 'listening', 'message', 'disconnect', 'exit']);
  cluster.setupPrimary({ args: ['x'] });
  for (const end of [(w) => w.disconnect(), (w) => w.send('exit'), (w) => w.process.kill('SIGKILL'), (w) => w.process.kill('SIGTERM'), (w) => w.process.disconnect()]) {
    const worker = cluster.fork();
    console.log('forked', worker.id, worker.state, typeof worker.process.pid);
    show('worker', worker, ['online', 'listening', 'message', 'disconnect', 'exit', 'error']);
    show('process', worker.process, ['spawn', 'message', 'disconnect', 'exit', 'close', 'error']);
    process.nextTick(() => console.log('tick'));
    await once(worker, 'listening');
    console.log('ends', worker.state);
    end(worker);
    await Promise.all([once(worker.process, 'close'), once(worker, 'disconnect')]);
    console.log('ended', worker.state, worker.exitedAfterDisconnect);
  }
}
