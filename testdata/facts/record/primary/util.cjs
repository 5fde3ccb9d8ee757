'use strict';
const cluster = require('cluster');
const fs = require('fs');

// Writes one fact, synchronously: the process may end at once.
function say(fact) {
  fs.writeSync(1, JSON.stringify(fact) + '\n');
}

// The message is left out: its words are Node's own business.
function errorFact(error) {
  const { name, code, syscall, errno, address, port } = error;
  return { name, code, syscall, errno, address, port };
}

// A primary that forks one worker, lets it tell its facts itself, and says how it ended.
function oneWorker() {
  cluster.fork().on('exit', (code, signal) => say({ worker: 'exit', code, signal }));
}

// Says what becomes of a server or UDP socket that was told to listen, then calls next.
function outcome(name, socket, next) {
  socket.once('listening', () => {
    say({ [name]: 'listening' });
    next();
  });
  socket.once('error', (error) => {
    say({ [name]: 'error', ...errorFact(error) });
    next();
  });
  return socket;
}

// Leaves a worker once cluster has told its primary of what it does.
function leave() {
  setImmediate(() => cluster.worker.disconnect());
}

function sayUncaught() {
  process.on('uncaughtException', (error) => {
    say({ uncaught: errorFact(error) });
    process.exit(1);
  });
}

module.exports = { say, errorFact, oneWorker, outcome, leave, sayUncaught };
