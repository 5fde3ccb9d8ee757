// The documentation's example of messages: workers tell the primary of each request. Also what else a message can come by.
const cluster = require('cluster');
const http = require('http');
const { on, once } = require('events');
const { ask, listening } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else {
  http.createServer((req, res) => {
    process.send({ cmd: 'notifyRequest', url: req.url }, undefined, {}, (err) => res.end(String(err)));
  }).listen(0, '127.0.0.1');
  cluster.worker.on('message', (message) => cluster.worker.send(['by worker', message]));
  process.on('message', (message) => process.send(['by process', message]));
}

async function primary() {
  const worker = cluster.fork();
  let requests = 0;
  worker.on('message', (message, handle) => console.log('worker', message, handle));
  cluster.on('message', (from, message, handle) => console.log('cluster', from === worker, message, handle));
  worker.process.on('message', ({ cmd }) => requests += cmd === 'notifyRequest');
  const { port } = await listening(cluster, 1);
  for (let i = 0; i < 4; i++) {
    const [answer] = await Promise.all([ask(port, `/${i}`), once(worker, 'message')]);
    console.log(answer);
  }
  console.log(requests);
  for (const message of ['text', 1.5, true, null, [], { deep: { ü: '€😀\ud83d' } }, { cmd: 'NODE' }]) {
    const sent = new Promise((resolve) => worker.send(message, (...args) => resolve(args)));
    for await (const [[by]] of on(worker, 'message')) {
      if (by === 'by process') {
        break;
      }
    }
    console.log(await sent);
  }
  worker.send({ cmd: 'NODE_MINE', text: 'is internal' });
  worker.disconnect();
  await once(worker, 'exit');
  console.log(await new Promise((resolve) => worker.send('late', (err) => resolve(err.code))));
}
