// A primary under load: three workers answer requests and echo messages; one that has ended is forked again. What the argument names is
// done to it from outside. It prints what it has heard of, and ends when its standard input does.
const cluster = require('cluster');
const http = require('http');
const { ask } = require('./ask');

const inFlight = 10000;

if (cluster.isPrimary) {
  primary();
} else {
  http.createServer((req, res) => res.end(`worker ${cluster.worker.id}`)).listen(Number(process.env.PORT), '127.0.0.1');
  process.on('message', (message) => process.send(message, () => {})); // its primary may be gone
}

function primary() {
  const { PORT } = process.env;
  let ending = false;
  let echoes = 0;
  cluster.on('listening', (worker) => {
    console.log(`listening ${worker.id}`);
    for (let n = 0; n < inFlight / 3; n++) {
      worker.send(n, () => {});
    }
  });
  cluster.on('message', (worker, n) => {
    worker.isConnected() && worker.send(n, () => {}); // so that they are always in flight
    if (++echoes % inFlight === 0) {
      console.log('echoes');
    }
  });
  cluster.on('exit', (worker, code, signal) => {
    console.log(`exit ${worker.id} ${code} ${signal}`);
    if (!ending) {
      try {
        cluster.fork();
      } catch (err) {
        console.log(err.message);
      }
    }
  });
  for (let i = 0; i < 3; i++) {
    cluster.fork();
  }
  process.stdin.on('end', () => {
    ending = true;
    process.exit(0);
  }).resume();
  cluster.once('listening', async () => {
    for (;;) {
      const answer = await ask(PORT).catch((err) => err.code);
      if (!answer.startsWith('worker')) {
        continue;
      }
      console.log(`answer of ${answer}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
}
