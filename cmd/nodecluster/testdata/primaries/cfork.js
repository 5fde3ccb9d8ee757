// cfork keeps two workers: one is killed, one throws, and each is forked again.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { ask } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else {
  http.createServer((req, res) => {
    if (req.url === '/throw') {
      throw new Error('the worker fails');
    }
    res.end('answer');
  }).listen(0, '127.0.0.1');
}

async function primary() {
  const { cfork } = require('cfork');
  console.warn = console.error = () => {}; // cfork's lines have process ids and times
  const manager = cfork({ exec: __filename, count: 2, limit: 10, duration: 60000 });
  for (const event of ['fork', 'disconnect', 'reforking', 'unexpectedExit', 'exit']) {
    manager.on(event, (worker, code, signal) => {
      const ended = event === 'unexpectedExit' || event === 'exit';
      console.log(event, worker.id, ended ? [code, signal] : '', Object.keys(cluster.workers), worker.state, worker.exitedAfterDisconnect);
    });
  }
  const [, { port }] = await once(manager, 'listening');
  await once(manager, 'listening');
  const replaced = async (end) => {
    const events = [once(manager, 'listening'), once(manager, 'exit')];
    end();
    await Promise.all(events);
    console.log(await ask(port));
  };
  await replaced(() => cluster.workers[1].process.kill('SIGKILL'));
  await replaced(() => ask(port, '/throw').catch((err) => console.log(err.code)));
  process.exit();
}
