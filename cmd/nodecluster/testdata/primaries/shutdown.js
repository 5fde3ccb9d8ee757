// The documentation's example of a worker with long-living connections, which is asked to leave and then killed.
const cluster = require('cluster');
const net = require('net');
const { once } = require('events');
const { listening } = require('./ask');

if (cluster.isPrimary) {
  primary();
} else {
  net.createServer((socket) => {
    socket.on('data', (data) => socket.write(`${data} ${cluster.worker.exitedAfterDisconnect}`));
  }).listen(0, '127.0.0.1');
  process.on('message', (message) => process.send(`about to ${message}`));
}

async function primary() {
  const worker = cluster.fork();
  const { port } = await listening(cluster, 1);
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const echo = async (text) => {
    socket.write(text);
    const [data] = await once(socket, 'data');
    return String(data);
  };
  console.log(await echo('connected'));
  worker.send('shutdown');
  console.log((await once(worker, 'message'))[0]);
  worker.disconnect();
  while (await echo('leaving') !== 'leaving true'); // until it has heard
  console.log(await refused(port), worker.isDead(), worker.isConnected(), worker.state);
  worker.kill('SIGKILL');
  const [how] = await Promise.all([once(worker, 'exit'), once(socket, 'close')]);
  console.log(...how, worker.exitedAfterDisconnect);
}

async function refused(port) {
  const [err] = await once(net.connect(port, '127.0.0.1'), 'error');
  return err.code;
}
