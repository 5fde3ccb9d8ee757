'use strict';
const net = require('net');
const { say } = require('./util.cjs');

const port = 18001;

function serves(settings) {
  return () => {
    process.on('message', (message) => say({ message }));
    const server = net.createServer((connection) => connection.write('served'));
    server.on('drop', () => say({ event: 'drop' }));
    Object.assign(server, settings).listen(port);
  };
}

function closesAtOnce() {
  const server = net.createServer((connection) => connection.write('served'));
  server.listen(port, () => server.close());
}

module.exports = {
  'newconn': serves({}),
  'newconn-8-in-flight': serves({}),
  'newconn-between-messages': serves({}),
  'newconn-after-a-message': serves({}),
  'newconn-before-a-message': serves({}),
  'newconn-behind-the-reply': serves({}),
  'newconn-for-shared-handle': serves({}),
  'newconn-unknown-key': serves({}),
  'newconn-without-handle': serves({}),
  'newconn-max-connections-0': serves({ maxConnections: 0 }),
  'newconn-max-connections-1': serves({ maxConnections: 1 }),
  'newconn-max-connections-1-drop': serves({ maxConnections: 1, dropMaxConnection: true }),
  'newconn-closed-server': closesAtOnce,
};
