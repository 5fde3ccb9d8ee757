// Socket.IO's sticky balancer, which gives the workers their connections by messages, and its adapter, which has them broadcast.
const cluster = require('cluster');
const http = require('http');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const { setupMaster, setupWorker } = require('@socket.io/sticky');
const { createAdapter, setupPrimary } = require('@socket.io/cluster-adapter');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  const server = new Server(http.createServer());
  server.adapter(createAdapter());
  setupWorker(server);
  server.on('connection', (socket) => {
    socket.on('broadcast', (text) => server.emit('news', text));
    socket.on('count', async (answer) => answer((await server.fetchSockets()).length));
  });
  process.send('ready');
}

async function primary() {
  const httpServer = http.createServer();
  setupMaster(httpServer, { loadBalancingMethod: 'round-robin' });
  setupPrimary();
  cluster.setupPrimary({ serialization: 'advanced' });
  const workers = [cluster.fork(), cluster.fork(), cluster.fork()];
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const url = `http://127.0.0.1:${httpServer.address().port}`;
  const clients = ['websocket', 'polling', 'websocket', 'polling'].map((transport) => io(url, { transports: [transport], forceNew: true }));
  await Promise.all(clients.map((client) => new Promise((resolve) => client.once('connect', resolve))));
  console.log(await new Promise((resolve) => clients[0].emit('count', resolve)));
  for (const client of clients) {
    const heard = clients.map((other) => new Promise((resolve) => other.once('news', resolve)));
    client.emit('broadcast', 'hello');
    console.log(await Promise.all(heard));
  }
  process.exit(); // the package fails where a connection closes when its worker has ended
}
