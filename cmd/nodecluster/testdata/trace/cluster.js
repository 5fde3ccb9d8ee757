// Four workers under load, each of which then ends in another way. Prints what every worker went through.
const cluster = require('cluster');
const http = require('http');

const requests = 400;
const clients = 16;

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: process.argv[2] });
  primary();
} else {
  http.createServer((req, res) => res.end(req.url)).listen(0);
  process.on('message', (message) => {
    if (message === 'exit') {
      process.send({ last: 'words' });
      process.exit(3);
    }
    process.send({ echo: message, worker: cluster.worker.id });
  });
}

function primary() {
  const told = {};
  const ended = [];
  let listening = 0;
  const note = (worker, ...what) => (told[worker.id] ||= []).push(what.join(' '));
  for (const event of ['fork', 'online']) {
    cluster.on(event, (worker) => note(worker, event));
  }
  cluster.on('message', (worker, message) => note(worker, 'message', JSON.stringify(message)));
  // Node promises no order of the last message, this and the exit.
  cluster.on('disconnect', (worker) => ended.push(`${worker.id} disconnect ${worker.exitedAfterDisconnect}`));
  cluster.on('listening', async (worker, { port, address, addressType }) => {
    note(worker, 'listening', address, addressType);
    if (++listening === 4) {
      console.log('answers', await load(port));
      end(cluster.workers);
    }
  });
  cluster.on('exit', (worker, code, signal) => {
    ended.push([worker.id, 'exit', code, signal, worker.process.exitCode, worker.process.signalCode].join(' '));
  });
  process.on('exit', () => console.log(JSON.stringify([told, ended.sort()], null, 2)));
  for (let i = 0; i < 4; i++) {
    cluster.fork();
  }
}

async function load(port) {
  let right = 0;
  let next = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (next < requests) {
      const path = `/${next++}`;
      const answer = await get(port, path);
      right += answer === path;
    }
  }));
  return right;
}

// One address: to a name of two, a Node that has been busy for a moment connects twice.
function get(port, path) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (data) => text += data).on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function end(workers) {
  for (const worker of Object.values(workers)) {
    worker.send({ hello: worker.id, text: 'ü€😀\ud83d' });
  }
  cluster.on('message', (worker, { echo }) => {
    if (!echo) {
      return;
    }
    switch (worker.id) {
      case 1: return worker.disconnect();
      case 2: return worker.send('exit');
      case 3: return worker.process.kill('SIGTERM');
      case 4: return worker.process.kill('SIGKILL');
    }
  });
}
