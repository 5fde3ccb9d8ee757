'use strict';

// A worker that does what its primary tells it by messages, each with a number n that the answer repeats.

const cluster = require('cluster');
const dgram = require('dgram');
const net = require('net');

const servers = {};
let received = 0;

process.on('internalMessage', (message) => {
  if (message.act === 'newconn') received++;
});

function describe(error) {
  const { code, errno, syscall, address, port } = error;
  return { error: { code, errno, syscall, address, port } };
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
  socket.on('error', () => {});
  socket.write(`${cluster.worker.id}\n`);
  socket.resume();
}

const commands = {
  listen({ name = 'tcp', options, maxConnections }) {
    const server = servers[name] = net.createServer(greet);
    if (maxConnections !== undefined) server.maxConnections = maxConnections;
    server.listen(options);
    return once(server, 'listening', () => ({ address: server.address() }));
  },
  bind({ name = 'udp', socket, options }) {
    const server = servers[name] = dgram.createSocket(socket);
    server.on('message', (text, peer) => server.send(`${cluster.worker.id} ${text}`, peer.port, peer.address));
    server.bind(options);
    return once(server, 'listening', () => ({ address: server.address() }));
  },
  // connect answers with what a server of another worker greets with.
  connect({ options }) {
    const socket = net.connect(options);
    return once(socket, 'data', () => {
      socket.destroy();
      return {};
    });
  },
  close({ name = 'tcp' }) {
    return new Promise((resolve) => servers[name].close(() => resolve({})));
  },
  connections({ name = 'tcp' }) {
    return new Promise((resolve) => servers[name].getConnections((error, count) => resolve({ count })));
  },
  received() { return { count: received }; },
  // block keeps the event loop from going on, at once and every so many milliseconds, and leaves the CPU to others.
  block({ every, for: long }) {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const wait = () => Atomics.wait(cell, 0, 0, long);
    setImmediate(wait);
    setInterval(wait, every);
    return {};
  },
  echo({ value }) { return { value }; },
  process({ env = [] }) {
    const { argv, execArgv, debugPort } = process;
    return {
      argv: argv.slice(2), execArgv, debugPort, cwd: process.cwd(), uid: process.getuid(), gid: process.getgid(),
      id: cluster.worker.id, channel: Object.keys(process.env).filter((key) => /^NODE_(CHANNEL|UNIQUE)/.test(key)),
      env: Object.fromEntries(env.map((key) => [key, process.env[key] ?? null])),
    };
  },
  flood({ count, size }) {
    const text = 'x'.repeat(size);
    for (let i = 0; i < count; i++) process.send(text);
    return {};
  },
  disconnect() { cluster.worker.disconnect(); },
  kill() { cluster.worker.kill(); },
  exit({ code }) { process.exit(code); },
  crash() { setImmediate(() => { throw new Error('crashed as it was told to'); }); },
  stay() { setInterval(() => {}, 1000); return {}; },
};

process.on('message', async (message, handle) => {
  if (handle) {
    greet(handle);
    return;
  }
  const result = await commands[message.do](message);
  if (result) process.send({ n: message.n, ...result });
});
process.send('ready');
