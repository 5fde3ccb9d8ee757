'use strict';
const dgram = require('dgram');
const { finish, outcome } = require('./util.cjs');

const port = 18011;

// One UDP socket of these options that binds with these arguments.
function binds(options, ...args) {
  return () => outcome('socket', dgram.createSocket(options), finish).bind(...args);
}

function twice(options) {
  return () => {
    outcome('first', dgram.createSocket(options), () => {
      outcome('second', dgram.createSocket(options), finish).bind(port);
    }).bind(port);
  };
}

module.exports = {
  'udp4': binds('udp4', port),
  'udp6': binds('udp6', port),
  'udp4-loopback': binds('udp4', port, '127.0.0.1'),
  'udp4-port-0': binds('udp4'),
  'udp4-reuse-address': binds({ type: 'udp4', reuseAddr: true }, port),
  'udp6-reuse-address': binds({ type: 'udp6', reuseAddr: true }, port),
  'udp6-ipv6-only': binds({ type: 'udp6', ipv6Only: true }, port),
  'udp4-reuse-port': binds({ type: 'udp4', reusePort: true }, port + 1),
  'udp4-exclusive': binds('udp4', { port: port + 1, exclusive: true }),
  'udp4-fd': binds('udp4', { fd: 20 }),
  'udp4-twice': twice('udp4'),
  'udp4-twice-reuse-address': twice({ type: 'udp4', reuseAddr: true }),
};
