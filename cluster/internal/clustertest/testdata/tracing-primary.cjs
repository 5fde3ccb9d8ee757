'use strict';

// Node's own primary, driven by messages, which tells all that it sees of its workers, the messages of the cluster
// itself among it.

const cluster = require('cluster');
const dgram = require('dgram');
const net = require('net');

const nodePath = process.execPath;
const workers = {}; // of all times

// typeOf names a handle as it is named on the wire.
function typeOf(handle) {
  if (handle instanceof net.Server) return 'net.Server';
  if (handle instanceof net.Socket) return 'net.Socket';
  return handle instanceof dgram.Socket ? 'dgram.Socket' : undefined;
}

function tell(event, worker, more) {
  process.send({
    event, worker: worker.id, state: worker.state, connected: worker.process.connected, dead: worker.isDead(),
    exitedAfterDisconnect: worker.exitedAfterDisconnect, ...more,
  });
}

// greet shows whoever is at the other end that the handle is the primary's now.
function greet(handle) {
  const greetSocket = (socket) => {
    socket.on('error', () => {});
    socket.end('primary\n');
  };
  if (handle instanceof net.Server) {
    handle.once('connection', (socket) => {
      greetSocket(socket);
      handle.close();
    });
  } else if (handle instanceof net.Socket) {
    greetSocket(handle);
  } else {
    handle.once('message', (text, peer) => {
      handle.send(`primary ${text}`, peer.port, peer.address, () => handle.close());
    });
  }
}

cluster.on('fork', (worker) => {
  tell('fork', worker);
  worker.process.on('internalMessage', (message) => {
    if (message.cmd === 'NODE_CLUSTER') tell('internalMessage', worker, { internal: message });
  });
  worker.on('error', (error) => tell('error', worker, { error: error.message }));
});
cluster.on('online', (worker) => tell('online', worker));
cluster.on('listening', (worker, address) => tell('listening', worker, { address }));
cluster.on('message', (worker, message, handle) => {
  tell('message', worker, { message, handle: typeOf(handle) });
  if (handle) greet(handle);
});
cluster.on('disconnect', (worker) => tell('disconnect', worker));
cluster.on('exit', (worker, code, signal) => tell('exit', worker, { code, signal }));

const send = {
  server(worker, message) {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      worker.send({ ...message, port }, server, () => server.close());
    });
  },
  socket(worker, message) {
    const server = net.createServer((socket) => {
      worker.send(message, socket);
      server.close();
    });
    server.listen(message.at, () => process.send({ event: 'waits', worker: worker.id }));
  },
  udp(worker, message) {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      worker.send({ ...message, port: socket.address().port }, socket, () => socket.close());
    });
  },
};

const commands = {
  setup({ settings, policy }) {
    cluster.schedulingPolicy = policy === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
    cluster.setupPrimary({ serialization: process.env.CLUSTER_TEST_SERIALIZATION, ...settings });
  },
  fork({ program, settings, env }) {
    if (settings) cluster.setupPrimary(settings);
    process.execPath = program || nodePath;
    const worker = cluster.fork(env);
    workers[worker.id] = worker;
    process.execPath = nodePath;
    process.send({ event: 'pid', worker: worker.id, pid: worker.process.pid });
  },
  tell({ worker, message }) { workers[worker].send(message); },
  flood({ worker, count, size }) {
    const text = 'x'.repeat(size);
    for (let i = 0; i < count; i++) workers[worker].send(text);
  },
  give({ worker, kind, message }) { send[kind](workers[worker], message); },
  disconnect({ worker }) { workers[worker].disconnect(); },
  closeChannel({ worker }) { workers[worker].process.disconnect(); },
  disconnectAll() { cluster.disconnect(() => process.send({ event: 'disconnected', worker: 0 })); },
  kill({ worker, signal }) { workers[worker].kill(signal); },
  signal({ worker, signal }) { process.kill(workers[worker].process.pid, signal); },
  become({ uid }) {
    process.seteuid(uid);
    process.send({ event: 'became', worker: 0 });
  },
};

process.on('message', (message) => commands[message.do](message));
process.on('disconnect', () => {
  for (const worker of Object.values(workers)) worker.process.kill('SIGKILL');
  process.exit();
});
process.send({ event: 'started', worker: 0 });
