'use strict';

// A worker that does what its primary tells it by messages, each with a number n that the answer repeats. The Go
// worker of the tests does the same.

const cluster = require('cluster');
const dgram = require('dgram');
const net = require('net');

const servers = {};
let open = 0;
let onIdle;

function describe({ code, errno, syscall }) {
  return { error: { code, errno, syscall } };
}

// once answers with what result gives at a server's event, or with the error that comes instead.
function once(server, event, result) {
  return new Promise((resolve) => {
    const failed = (error) => resolve(describe(error));
    server.once('error', failed);
    server.once(event, () => {
      server.removeListener('error', failed);
      resolve(result());
    });
  });
}

// greet tells a client who has it, and holds the connection until the client ends it.
function greet(socket) {
  open++;
  socket.on('close', () => {
    if (--open === 0) onIdle?.();
  });
  socket.on('error', () => {});
  socket.write(`${cluster.worker.id}\n`);
  socket.resume();
}

function answerDatagrams(socket) {
  socket.on('message', (text, peer) => socket.send(`${cluster.worker.id} ${text}`, peer.port, peer.address));
}

// take serves a handle of the primary's, and says what it is.
function take(handle, name) {
  if (handle instanceof net.Server) {
    servers[name] = handle.on('connection', greet);
    return 'net.Server';
  }
  if (handle instanceof net.Socket) {
    greet(handle);
    return 'net.Socket';
  }
  answerDatagrams(handle);
  servers[name] = handle;
  return 'dgram.Socket';
}

// give makes a handle and sends it to the primary with the address where it can be reached.
const give = {
  server(n) {
    const server = net.createServer();
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
      process.send({ n, port: server.address().port }, server, () => server.close());
    });
  },
  socket(n, { at }) {
    const server = net.createServer((socket) => {
      process.send({ given: true }, socket);
      server.close();
    });
    server.listen({ ...at, exclusive: true }, () => process.send({ n }));
  },
  udp(n) {
    const socket = dgram.createSocket('udp4');
    socket.bind({ port: 0, address: '127.0.0.1', exclusive: true }, () => {
      process.send({ n, port: socket.address().port }, socket, () => socket.close());
    });
  },
};

const commands = {
  listen({ name = 'tcp', options, maxConnections }) {
    const server = servers[name] = net.createServer(greet);
    if (maxConnections !== undefined) server.maxConnections = maxConnections;
    server.listen(options);
    return once(server, 'listening', () => ({ address: server.address() }));
  },
  bind({ name = 'udp', socket, options }) {
    const server = servers[name] = dgram.createSocket(socket);
    answerDatagrams(server);
    server.bind(options);
    return once(server, 'listening', () => ({ address: server.address() }));
  },
  close({ name = 'tcp' }) {
    return new Promise((resolve) => servers[name].close(() => resolve({})));
  },
  idle() {
    if (open === 0) return {};
    return new Promise((resolve) => { onIdle = () => resolve({}); });
  },
  echo({ value }) { return { value }; },
  send({ value }) {
    process.send(value);
    return {};
  },
  flood({ count, size }) {
    const text = 'x'.repeat(size);
    for (let i = 0; i < count; i++) process.send(text);
    return {};
  },
  take({ name, port }, handle) { return { handle: take(handle, name), port }; },
  give({ kind, n, ...options }) { give[kind](n, options); },
  state() {
    const { id, exitedAfterDisconnect = false } = cluster.worker;
    return {
      id, exitedAfterDisconnect, state: cluster.worker.state, connected: cluster.worker.isConnected(),
      variables: Object.keys(process.env).filter((name) => /^NODE_(CHANNEL|UNIQUE)/.test(name)),
    };
  },
  disconnect() { cluster.worker.disconnect(); },
  kill() { cluster.worker.kill(); },
  exit({ code }) { process.exit(code); },
  crash() { setImmediate(() => { throw new Error('crashed as it was told to'); }); },
  stay() {
    setInterval(() => {}, 1000);
    return {};
  },
};

process.on('message', async (message, handle) => {
  const command = message !== null && commands[message.do];
  if (!command) {
    process.send({ got: message });
    return;
  }
  const result = await command(message, handle);
  if (result) process.send({ n: message.n, ...result });
});
process.send('ready');
