'use strict';
const dgram = require('dgram');
const net = require('net');
const { say, finish, errorFact } = require('./util.cjs');

const port = 18003;
const host = '127.0.0.1';

function sent(name) {
  return (error) => {
    say({ sent: name, error: error ? errorFact(error) : null });
    if (error) finish();
  };
}

function withServer(next) {
  const server = net.createServer().listen(port, host, () => next(server));
}

// Calls next with both ends of a connection that the server accepted.
function withConnection(next) {
  withServer((server) => {
    let client;
    server.once('connection', (accepted) => next(server, accepted, client));
    client = net.connect(port, host);
    client.on('error', () => {});
  });
}

module.exports = {
  'send-server': () => withServer((server) => process.send({ a: 'server' }, server, sent('server'))),
  'send-server-of-path'() {
    const server = net.createServer().listen('server.sock', () => process.send('path', server, sent('path')));
  },
  'send-socket': () => withConnection((server, accepted, client) => process.send({ a: 'socket' }, client, sent('socket'))),
  'send-socket-keep-open': () => withConnection((server, accepted, client) => process.send('kept', client, { keepOpen: true }, sent('kept'))),
  'send-socket-of-server': () => withConnection((server, accepted) => {
    process.send('accepted', accepted, sent('accepted'));
    process.once('message', () => {
      server.getConnections((error, count) => {
        say({ connections: count, error: error ? errorFact(error) : null });
        server.close(() => {
          say({ event: 'close' });
          finish();
        });
      });
    });
  }),
  'send-closed-socket': () => withConnection((server, accepted) => {
    accepted.on('close', () => process.send('closed', accepted, sent('closed')));
    accepted.destroy();
  }),
  'send-dgram'() {
    const socket = dgram.createSocket('udp4').bind(18012, host, () => process.send('udp', socket, sent('udp')));
  },
  'send-dgram-6'() {
    const socket = dgram.createSocket('udp6').bind(18012, '::1', () => process.send('udp', socket, sent('udp')));
  },
  'send-raw-handle': () => withServer((server) => process.send('raw', server._handle, sent('raw'))),
  'send-bound-socket'() {
    if (!net.BoundSocket) return finish();
    process.send('bound', new net.BoundSocket({ port, host }), sent('bound'));
  },
  'send-no-handle'() {
    try {
      process.send('wrong', {}, sent('wrong'));
    } catch (error) {
      say({ throws: errorFact(error) });
    }
    finish();
  },
  'send-server-refused': () => withServer((server) => {
    process.send('server', server, sent('server'));
    process.send('after', sent('after'));
  }),
  'send-socket-refused': () => withConnection((server, accepted, client) => {
    process.send('socket', client, sent('socket'));
    process.send('after', sent('after'));
  }),
  'send-socket-keep-open-refused': () => withConnection((server, accepted, client) => {
    process.send('kept', client, { keepOpen: true }, sent('kept'));
    process.send('after', sent('after'));
  }),
  'send-raw-handle-refused': () => withServer((server) => {
    process.send('raw', server._handle, sent('raw'));
    process.send('after', sent('after'));
  }),
  'send-dgram-refused'() {
    const socket = dgram.createSocket('udp4').bind(18012, host, () => {
      process.send('udp', socket, sent('udp'));
      process.send('after', sent('after'));
    });
  },
  'send-bound-socket-refused'() {
    if (!net.BoundSocket) return finish();
    process.send('bound', new net.BoundSocket({ port, host }), sent('bound'));
    process.send('after', sent('after'));
  },
  'send-socket-given-up': () => withConnection((server, accepted, client) => {
    process.on('warning', (warning) => say({ warning: warning.name, code: warning.code }));
    process.send('socket', client, sent('socket'));
    process.send('after', sent('after'));
  }),
  'send-while-handle-waits': () => withServer((server) => {
    process.send('before', sent('before'));
    process.send('server', server, sent('server'));
    process.send('after', sent('after'));
    process.send('server again', server, sent('server again'));
    process.send('last', sent('last'));
  }),
};
