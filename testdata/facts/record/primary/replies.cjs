'use strict';
const cluster = require('cluster');
const dgram = require('dgram');
const net = require('net');
const path = require('path');
const https = require('https');
const { oneWorker } = require('./util.cjs');

const port = 18020;
const host = '127.0.0.1';

function forkPreloaded() {
  cluster.setupPrimary({ execArgv: ['-r', path.join(__dirname, 'preload.cjs')] });
  return cluster.fork();
}

// A primary that does this once its worker listens; what the worker receives is the fact.
function primary(listening = (worker) => worker.disconnect()) {
  return () => {
    const worker = forkPreloaded();
    worker.on('listening', () => listening(worker));
  };
}

function listens(...args) {
  return () => net.createServer((connection) => connection.end('served')).listen(...args);
}

// Connects to what the worker serves, and disconnects the worker when it was served.
function connects(...address) {
  return (worker) => net.connect(...address).on('error', () => {}).resume().on('close', () => worker.disconnect());
}

function refused() {
  net.createServer().listen(port, host, forkPreloaded).unref();
}

function failing() {
  net.createServer().on('error', () => cluster.worker.disconnect()).listen(port, host);
}

module.exports = {
  'reply-tcp': { primary: primary(), worker: listens(port) },
  'reply-tcp-ipv4': { primary: primary(), worker: listens(port, host) },
  'reply-tcp-ipv6': { primary: primary(), worker: listens(port, '::1') },
  'reply-tcp-port-0': { primary: primary(), worker: listens({ port: 0, host }) },
  'reply-fd': { primary: primary(), worker: listens({ fd: 3 }) },
  'reply-path': { primary: primary(), worker: listens('server.sock') },
  'reply-https': {
    primary: primary(),
    worker: () => https.createServer({ ticketKeys: Buffer.alloc(48, 7) }).listen(port, host),
  },
  'reply-udp4': { primary: primary(), worker: () => dgram.createSocket('udp4').bind(port, host) },
  'reply-udp6': { primary: primary(), worker: () => dgram.createSocket('udp6').bind(port, '::1') },
  'reply-error': { primary: refused, worker: failing },
  'newconn-tcp': { primary: primary(connects(port, host)), worker: listens(port, host) },
  'newconn-path': { primary: primary(connects('server.sock')), worker: listens('server.sock') },
  'disconnect-of-worker': { primary: primary(() => {}), worker: () => listens(port, host)().on('listening', () => setImmediate(() => cluster.worker.disconnect())) },
};
