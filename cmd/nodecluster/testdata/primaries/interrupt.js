// Ctrl-C: the terminal signals all processes of its group. The primary has its workers leave, and they answer what they have begun.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { ask, listening } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else {
  let answer;
  process.on('SIGINT', () => process.send('interrupted'));
  process.on('message', () => answer());
  http.createServer((req, res) => {
    answer = () => res.end('answered');
    process.send('asked');
  }).listen(0, '127.0.0.1');
}

async function primary() {
  const workers = [cluster.fork(), cluster.fork()];
  const { port } = await listening(cluster, 2);
  const asked = workers.map((worker) => once(worker, 'message'));
  const answers = workers.map(() => ask(port));
  await Promise.all(asked);
  const interrupted = [process, ...workers].map((emitter) => once(emitter, emitter === process ? 'SIGINT' : 'message'));
  console.log('ready');
  console.log(await Promise.all(interrupted));
  for (const worker of workers) {
    worker.send('answer');
  }
  console.log(await Promise.all(answers));
  cluster.disconnect(() => console.log('disconnected'));
  console.log(await Promise.all(workers.map((worker) => once(worker, 'exit'))));
}
