// Workers that share a UDP socket, which Node does whatever the policy is.
const cluster = require('cluster');
const dgram = require('dgram');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: process.argv[2] === 'reuse' });
  socket.on('message', (data, from) => socket.send(`${data} heard`, from.port, from.address));
  socket.bind(0, '127.0.0.1');
}

async function primary() {
  const ports = new Set();
  cluster.on('listening', (worker, { port, address, addressType }) => {
    ports.add(port);
    console.log(address, addressType);
  });
  const workers = [cluster.fork(), cluster.fork()];
  await Promise.all(workers.map((worker) => once(worker, 'listening')));
  const [port] = ports;
  const client = dgram.createSocket('udp4');
  for (let i = 0; i < 6; i++) {
    client.send(String(i), port, '127.0.0.1');
    console.log(String((await once(client, 'message'))[0]));
  }
  client.close();
  console.log(ports.size);
  for (const worker of workers) {
    worker.disconnect();
    console.log(await once(worker, 'exit'));
  }
}
