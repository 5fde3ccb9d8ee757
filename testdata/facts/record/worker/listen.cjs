'use strict';
const https = require('https');
const net = require('net');
const { finish, outcome } = require('./util.cjs');

const port = 18001;

// One server that listens with these arguments.
function listens(...args) {
  return () => outcome('server', net.createServer(), finish).listen(...args);
}

function twoServers(portOfBoth) {
  outcome('first', net.createServer(), () => {
    outcome('second', net.createServer(), finish).listen(portOfBoth);
  }).listen(portOfBoth);
}

function twoServersAtOnce() {
  let left = 2;
  const next = () => --left === 0 && finish();
  outcome('first', net.createServer(), next).listen(port);
  outcome('second', net.createServer(), next).listen(port);
}

function httpsServer() {
  outcome('server', https.createServer({ ticketKeys: Buffer.alloc(48, 7) }), finish).listen(port);
}

function closesAndListensAgain() {
  const server = net.createServer();
  outcome('first', server, () => server.close(() => outcome('again', server, finish).listen(port))).listen(port);
}

module.exports = {
  'listen-null-address': listens(port),
  'listen-ipv4-unspecified': listens(port, '0.0.0.0'),
  'listen-ipv4-loopback': listens(port, '127.0.0.1'),
  'listen-ipv6-loopback': listens(port, '::1'),
  'listen-localhost': listens(port, 'localhost'),
  'listen-ipv6-only': listens({ port, host: '::', ipv6Only: true }),
  'listen-backlog': listens({ port, backlog: 7 }),
  'listen-exclusive': listens({ port: 18002, host: '127.0.0.1', exclusive: true }),
  'listen-reuse-port': listens({ port: 18002, host: '127.0.0.1', reusePort: true }),
  'listen-fd': listens({ fd: 20 }),
  'listen-port-0-twice': () => twoServers(0),
  'listen-two-servers-one-port': () => twoServers(port),
  'listen-two-servers-at-once': twoServersAtOnce,
  'listen-path': listens('server.sock'),
  'listen-path-for-all': listens({ path: 'server.sock', readableAll: true, writableAll: true }),
  'listen-https': httpsServer,
  'listen-refused': listens(port),
  'listen-other-port': listens(port),
  'listen-close-listen': closesAndListensAgain,
};
