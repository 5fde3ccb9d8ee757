'use strict';

// Has every fork of a start-cluster run under the program EGG_MASTER in place of Node.
const childProcess = require('node:child_process');
const { syncBuiltinESMExports } = require('node:module');
const path = require('node:path');

const { fork } = childProcess;

childProcess.fork = (script, args, options) => {
  if (!Array.isArray(args)) [args, options] = [[], args];
  if (!path.basename(String(script)).startsWith('start-cluster')) return fork(script, args, options);
  return fork(script, args, { ...options, execPath: process.env.EGG_MASTER });
};
syncBuiltinESMExports();
