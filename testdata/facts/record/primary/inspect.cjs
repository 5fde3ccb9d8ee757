'use strict';
const cluster = require('cluster');
const { say } = require('./util.cjs');

// Two workers that say what they were started with, one after the other; a refusal to start is a fact too.
function inspects(settings) {
  return {
    primary() {
      cluster.setupPrimary(settings());
      forkNext(2);
    },
    worker() {
      say({ worker: cluster.worker.id, execArgv: process.execArgv });
      cluster.worker.disconnect();
    },
  };
}

function forkNext(left) {
  if (left === 0) return;
  try {
    cluster.fork().on('exit', () => forkNext(left - 1));
  } catch (error) {
    say({ throws: error.code });
  }
}

function withPort(inspectPort, execArgv = ['--inspect']) {
  return inspects(() => ({ execArgv, inspectPort }));
}

let next = 18040;

module.exports = {
  'inspect-off': inspects(() => ({ execArgv: [] })),
  'inspect': inspects(() => ({ execArgv: ['--inspect'] })),
  'inspect-0': inspects(() => ({ execArgv: ['--inspect=0'] })),
  'inspect-number': inspects(() => ({ execArgv: ['--inspect=18045'] })),
  'inspect-address': inspects(() => ({ execArgv: ['--inspect=127.0.0.1:18045'] })),
  'inspect-port-only': inspects(() => ({ execArgv: ['--inspect-port=18045'] })),
  'inspect-port-setting-0': withPort(0),
  'inspect-port-setting-number': withPort(18040),
  'inspect-port-setting-function': withPort(() => next++),
  'inspect-port-setting-null': withPort(null),
  'inspect-port-setting-without-inspect': withPort(18040, []),
  'inspect-port-setting-0-and-inspect-0': withPort(0, ['--inspect=0']),
  'inspect-port-setting-too-large': withPort(70000),
};
