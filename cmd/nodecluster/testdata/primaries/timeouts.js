// The documentation's example of a heartbeat: a worker that does not listen in time is killed. In the end all disconnect.
const cluster = require('cluster');
const net = require('net');
const { once } = require('events');
const { listening } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else if (process.env.STUCK) {
  process.send('stuck');
  for (;;);
} else {
  net.createServer().listen(0);
}

async function primary() {
  const timeouts = [];
  const late = (worker) => {
    console.log('connection must be wrong with', worker.id);
    worker.process.kill('SIGKILL');
  };
  cluster.on('fork', (worker) => timeouts[worker.id] = setTimeout(late, 60000, worker));
  cluster.on('listening', (worker) => clearTimeout(timeouts[worker.id]));
  cluster.on('exit', (worker, ...how) => {
    clearTimeout(timeouts[worker.id]);
    console.log('exit', ...how, worker.isDead(), worker.isConnected());
  });
  for (let i = 0; i < 3; i++) {
    cluster.fork();
  }
  await listening(cluster, 3);
  const stuck = cluster.fork({ STUCK: 1 });
  await once(stuck, 'message');
  late(stuck);
  await once(stuck, 'exit');
  cluster.disconnect(() => console.log('callback', Object.keys(cluster.workers).length));
}
