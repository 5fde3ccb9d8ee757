// The cluster as process.getBuiltinModule gives it, which is not by require or import.
const { getBuiltinModule } = process;
const cluster = getBuiltinModule('node:cluster');
const { listening, spread } = require('./ask');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  listening(cluster, 1).then(async ({ port }) => {
    console.log(await spread(port, 2), cluster === require('cluster'));
    worker.disconnect();
    worker.on('exit', (...how) => console.log(...how));
  });
} else {
  getBuiltinModule('http').createServer((req, res) => res.end('here')).listen(0, '127.0.0.1');
}
