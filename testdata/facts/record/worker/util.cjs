'use strict';
const fs = require('fs');

// Writes one fact, synchronously: the process may end at once.
function say(fact) {
  fs.writeSync(1, JSON.stringify(fact) + '\n');
}

// Ends the scenario after what cluster does once the listeners of an event have run: it tells of "listening" only then.
function finish() {
  setImmediate(() => process.disconnect());
}

// The message is left out: its words are the runtime's own business.
function errorFact(error) {
  const { name, code, syscall, errno, address, port } = error;
  return { name, code, syscall, errno, address, port };
}

// Says what becomes of a server or UDP socket that was told to listen, then calls next.
function outcome(name, socket, next) {
  socket.once('listening', () => {
    say({ [name]: 'listening', address: socket.address() });
    next();
  });
  socket.once('error', (error) => {
    say({ [name]: 'error', ...errorFact(error) });
    next();
  });
  return socket;
}

module.exports = { say, finish, errorFact, outcome };
