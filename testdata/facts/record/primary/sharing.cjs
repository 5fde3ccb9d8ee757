'use strict';
const dgram = require('dgram');
const net = require('net');
const { oneWorker, outcome, leave, sayUncaught } = require('./util.cjs');

const port = 18020;

const kinds = {
  'tcp': (socket) => socket.listen(port),
  'tcp-port-0': (socket) => socket.listen(0),
  'udp': (socket) => socket.bind(port),
  'udp-reuse-address': (socket) => socket.bind(port),
  'udp-no-port': (socket) => socket.bind(),
  'udp-port-0': (socket) => socket.bind(0),
};

function make(kind) {
  if (kind.startsWith('tcp')) return net.createServer();
  return dgram.createSocket({ type: 'udp4', reuseAddr: kind === 'udp-reuse-address' });
}

function oneAfterTheOther(kind) {
  sayUncaught();
  const second = () => kinds[kind](outcome('second', make(kind), leave));
  kinds[kind](outcome('first', make(kind), second));
}

function atOnce(kind) {
  sayUncaught();
  let left = 2;
  const next = () => --left === 0 && leave();
  for (const name of ['first', 'second']) kinds[kind](outcome(name, make(kind), next));
}

for (const kind of Object.keys(kinds)) {
  exports[`two-${kind}`] = { primary: oneWorker, worker: () => oneAfterTheOther(kind) };
  exports[`two-${kind}-at-once`] = { primary: oneWorker, worker: () => atOnce(kind) };
}
