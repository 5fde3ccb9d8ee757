// Sockets and servers that primary and workers send each other.
const cluster = require('cluster');
const dgram = require('dgram');
const net = require('net');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  process.on('message', (what, handle) => worker(what, handle));
}

function worker(what, handle) {
  switch (what) {
    case 'socket':
      return handle ? handle.end('from the worker') : process.send('no socket');
    case 'server':
      return handle.on('connection', (socket) => socket.end('by the server')).unref() && process.send('serves');
    case 'udp':
      return handle.send('datagram', handle.address().port, '127.0.0.1', () => handle.close(() => process.send('sent')));
    case 'back':
      return process.send('back', handle);
    case 'leave':
      return cluster.worker.disconnect();
  }
}

async function primary() {
  const child = cluster.fork();
  cluster.on('message', (from, message, handle) => console.log('message', from.id, message, handle && handle.constructor.name));
  await serveBySending(child);
  if (parseInt(process.versions.node) >= 20) { // an older primary dies of it
    await sendServer(child);
  }
  await sendDatagramSocket(child);
  const { server, client, accepted } = await pair();
  child.send('back', accepted, { keepOpen: true });
  const [, returned] = await once(child, 'message');
  returned.end('from the primary, by the worker');
  console.log(await readAll(client));
  accepted.destroy();
  server.close();
  child.send('leave');
  console.log(...await once(child, 'exit'));
}

async function pair() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  return { server, client, accepted };
}

async function readAll(socket) {
  let text = '';
  socket.setEncoding('utf8').on('data', (data) => text += data);
  await once(socket, 'end');
  return text;
}

async function serveBySending(child) {
  const { server, client, accepted } = await pair();
  const sent = new Promise((resolve) => child.send('socket', accepted, (err) => resolve(err)));
  console.log(await readAll(client), await sent, accepted.destroyed, server.connections);
  await new Promise((resolve) => server.close(resolve));
  console.log('closed');
}

async function sendServer(child) {
  const { server, client, accepted } = await pair();
  accepted.end('by the primary');
  console.log(await readAll(client));
  child.send('server', server);
  await once(child, 'message');
  const { port } = server.address();
  server.close();
  console.log(await readAll(net.connect(port, '127.0.0.1')));
}

async function sendDatagramSocket(child) {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  child.send('udp', socket);
  const [[data]] = await Promise.all([once(socket, 'message'), once(child, 'message')]);
  console.log(String(data));
  socket.close();
}
