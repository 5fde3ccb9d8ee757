// The stack of an error in each callback of the cluster: nothing is in it that is not Node's or the program's.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { ask, listening } = require('./ask');

Error.stackTraceLimit = 50;
const stack = (name) => new Error(name).stack;

if (cluster.isPrimary) {
  primary();
} else {
  const seen = [];
  const server = http.createServer((req, res) => {
    seen.push(stack('request'));
    res.end('answer');
  }).listen(0, '127.0.0.1', () => seen.push(stack('listening')));
  server.on('connection', () => seen.push(stack('connection')));
  process.on('message', () => {
    seen.push(stack('message'));
    process.send(seen);
  });
}

async function primary() {
  for (const event of ['setup', 'fork', 'online', 'listening', 'message', 'disconnect', 'exit']) {
    cluster.on(event, () => console.log('cluster', stack(event)));
  }
  const worker = cluster.fork();
  for (const event of ['online', 'listening', 'message', 'disconnect', 'exit']) {
    worker.on(event, () => console.log('worker', stack(event)));
  }
  for (const event of ['spawn', 'message', 'internalMessage', 'disconnect', 'exit', 'close']) {
    worker.process.once(event, () => console.log('process', stack(event)));
  }
  const { port } = await listening(cluster, 1);
  console.log(await ask(port));
  worker.send('tell', () => console.log('sent', stack('callback')));
  const [seen] = await once(worker, 'message');
  console.log('of the worker', seen.join('\n'));
  cluster.disconnect(() => console.log('disconnected', stack('callback')));
  await once(worker, 'exit');
  for (const settings of [{ exec: 1 }, { cwd: '/no-such-folder', exec: __filename }, { cwd: undefined, stdio: ['pipe', 'no-such-kind'] }]) {
    cluster.setupPrimary(settings);
    try {
      await once(cluster.fork(), 'exit');
    } catch (err) {
      console.log(err.stack);
    }
  }
  cluster.setupPrimary({ exec: __filename, stdio: undefined });
  cluster.removeAllListeners('online').removeAllListeners('disconnect'); // which may come before the exit, or not
  cluster.on('exit', () => { throw new Error('nobody catches it'); });
  cluster.fork().process.kill('SIGKILL');
}
