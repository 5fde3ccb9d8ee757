'use strict';
const cluster = require('cluster');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { say, oneWorker, outcome, leave, sayUncaught } = require('./util.cjs');

const port = 18020;
const host = '127.0.0.1';
const deep = path.join('x'.repeat(60), 'x'.repeat(60), 'x'.repeat(60));

// A worker that has one server listen so, and a primary that prepares for it.
function listens(options, prepare = (next) => next()) {
  return {
    primary: () => prepare(oneWorker),
    worker() {
      sayUncaught();
      outcome('server', net.createServer(), leave).listen(options());
    },
  };
}

// A worker that says besides whether the socket's file has the whole name: libuv may have cut it off.
function listensAt(name) {
  return {
    primary: oneWorker,
    worker() {
      sayUncaught();
      const socketPath = name();
      outcome('server', net.createServer(), () => {
        say({ wholeName: fs.existsSync(socketPath), files: fs.readdirSync('.').length });
        leave();
      }).listen(socketPath);
    },
  };
}

function binds(options, prepare = (next) => next()) {
  return {
    primary: () => prepare(oneWorker),
    worker() {
      sayUncaught();
      outcome('socket', dgram.createSocket('udp4'), leave).bind(options());
    },
  };
}

function taken(next) {
  const server = net.createServer().listen(port, host, next);
  server.unref();
}

function takenUDP(next) {
  const socket = dgram.createSocket('udp4').bind(port, host, next);
  socket.unref();
}

function inDeepFolder(next) {
  fs.mkdirSync(deep, { recursive: true });
  process.chdir(deep);
  next();
}

// A worker resolves a path against its own folder; the primary alone goes deep here.
function besideDeepFolder(next) {
  const top = process.cwd();
  fs.mkdirSync(deep, { recursive: true });
  process.env.TOP = top;
  cluster.setupPrimary({ cwd: top });
  process.chdir(deep);
  next();
}

// Asks for a port below 1024 of a primary that gave root away after it had started the worker.
function asksNobody(ask) {
  return {
    primary() {
      oneWorker();
      cluster.on('online', (worker) => {
        if (process.geteuid() === 0) {
          process.setegid(65534);
          process.seteuid(65534);
        }
        worker.send('go');
      });
    },
    worker() {
      sayUncaught();
      process.once('message', ask);
    },
  };
}

module.exports = {
  'error-port-in-use': listens(() => ({ port, host }), taken),
  'error-udp-port-in-use': binds(() => ({ port, address: host }), takenUDP),
  'error-privileged-port': asksNobody(() => outcome('server', net.createServer(), leave).listen(81, host)),
  'error-privileged-udp-port': asksNobody(() => outcome('socket', dgram.createSocket('udp4'), leave).bind(81, host)),
  'error-address-not-available': listens(() => ({ port, host: '192.0.2.1' })),
  'error-udp-address-not-available': binds(() => ({ port, address: '192.0.2.1' })),
  'error-bad-fd': listens(() => ({ fd: 99 })),
  'error-fd-of-the-primary': listens(() => ({ fd: Number(process.env.SERVER_FD) }), (next) => {
    const server = net.createServer().listen(port, host, () => {
      process.env.SERVER_FD = server._handle.fd;
      next();
    });
    server.unref();
  }),
  'error-path-no-folder': listens(() => ({ path: path.join('none', 'server.sock') })),
  'error-path-of-a-file': listens(() => ({ path: 'file' }), (next) => { fs.writeFileSync('file', ''); next(); }),
  'error-path-of-200-characters': listensAt(() => path.resolve('y'.repeat(199 - process.cwd().length))),
  'error-path-of-200-characters-relative': listensAt(() => 'y'.repeat(200)),
  'error-path-relative-in-deep-folder': listens(() => ({ path: 'server.sock' }), inDeepFolder),
  'error-path-absolute-in-deep-folder': listens(() => ({ path: path.resolve('server.sock') }), inDeepFolder),
  'error-path-in-folder-of-primary': listens(() => ({ path: path.join(process.env.TOP, deep, 'server.sock') }), besideDeepFolder),
  'error-path-in-use': listens(() => ({ path: 'server.sock' }), (next) => net.createServer().listen('server.sock', next).unref()),
  'error-path-left-over': listens(() => ({ path: 'server.sock' }), (next) => {
    net.createServer().listen('server.sock', () => {
      fs.linkSync('server.sock', 'kept.sock');
      fs.renameSync('kept.sock', 'server.sock');
      next();
    }).unref();
  }),
};
