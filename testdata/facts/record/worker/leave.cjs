'use strict';
const cluster = require('cluster');
const net = require('net');
const { say, finish } = require('./util.cjs');

function sayEvents() {
  cluster.worker.on('disconnect', () => say({ event: 'worker disconnect', exitedAfterDisconnect: cluster.worker.exitedAfterDisconnect }));
  process.on('disconnect', () => say({ event: 'process disconnect', exitedAfterDisconnect: cluster.worker.exitedAfterDisconnect }));
  process.on('exit', (code) => say({ event: 'exit', code, state: cluster.worker.state }));
}

// Listens, then leaves that way, once cluster has told of it.
function leaves(way) {
  return () => {
    sayEvents();
    net.createServer((connection) => connection.write('served')).listen(18001, () => setImmediate(way));
  };
}

function listensAndCloses() {
  const server = net.createServer().listen(18001, () => setImmediate(() => server.close(finish)));
}

module.exports = {
  'online'() {},
  'server-close': listensAndCloses,
  'worker-disconnect-without-server'() {
    sayEvents();
    cluster.worker.disconnect();
  },
  'worker-disconnect': leaves(() => cluster.worker.disconnect()),
  'worker-disconnect-twice': leaves(() => cluster.worker.disconnect().disconnect()),
  'worker-kill': leaves(() => cluster.worker.kill()),
  'process-disconnect': leaves(() => process.disconnect()),
  'process-exit-3': leaves(() => process.exit(3)),
  'primary-disconnects': leaves(() => {}),
  'primary-disconnects-with-connection': leaves(() => {}),
  'primary-closes-channel': leaves(() => {}),
};
