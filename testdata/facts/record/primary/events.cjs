'use strict';
const cluster = require('cluster');
const net = require('net');
const { say } = require('./util.cjs');

const port = 18020;

function argument(value) {
  return value instanceof cluster.Worker ? `worker ${value.id}` : value;
}

// Says each event of cluster with the state of the worker as a listener sees it.
function sayEvents(worker) {
  for (const event of ['setup', 'fork', 'online', 'listening', 'message', 'disconnect', 'exit']) {
    cluster.on(event, (...args) => say({
      event,
      args: event === 'setup' ? [] : args.map(argument),
      state: worker().state,
      exitedAfterDisconnect: worker().exitedAfterDisconnect,
      isDead: worker().isDead(),
      isConnected: worker().isConnected(),
      listed: worker().id in cluster.workers,
    }));
  }
}

// A primary that does this to its worker once that listens and has been heard.
function primary(act) {
  return () => {
    let worker;
    sayEvents(() => worker);
    worker = cluster.fork();
    worker.once('message', () => act(worker));
  };
}

function worker(act) {
  return () => {
    net.createServer().listen(port, '127.0.0.1', () => setImmediate(() => {
      process.send('ready');
      act();
    }));
  };
}

const nothing = () => {};

// Lets a worker's act wait for the primary, so that its message is not lost.
function onceAsked(act) {
  return () => process.once('message', act);
}

const ask = (asked) => asked.send('go');

module.exports = {
  'events-primary-disconnects': { primary: primary((asked) => asked.disconnect()), worker: worker(nothing) },
  'events-cluster-disconnects': {
    primary: primary(() => cluster.disconnect(() => say({ callback: 'cluster.disconnect' }))),
    worker: worker(nothing),
  },
  'events-primary-kills': { primary: primary((asked) => asked.kill()), worker: worker(nothing) },
  'events-primary-kills-by-SIGKILL': { primary: primary((asked) => asked.kill('SIGKILL')), worker: worker(nothing) },
  'events-primary-kills-process': { primary: primary((asked) => asked.process.kill('SIGKILL')), worker: worker(nothing) },
  'events-worker-disconnects': { primary: primary(ask), worker: worker(onceAsked(() => cluster.worker.disconnect())) },
  'events-worker-kills-itself': { primary: primary(ask), worker: worker(onceAsked(() => cluster.worker.kill())) },
  'events-worker-closes-channel': { primary: primary(ask), worker: worker(onceAsked(() => process.disconnect())) },
  'events-worker-exits': { primary: primary(ask), worker: worker(onceAsked(() => process.exit(3))) },
  'events-worker-throws': { primary: primary(ask), worker: worker(onceAsked(() => { throw new Error('crash'); })) },
};
