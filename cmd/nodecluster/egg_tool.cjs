'use strict';

// Loaded in a tool of Egg's: it has the tool start its master with another program than the node that runs the tool.
const childProcess = require('child_process');
const { syncBuiltinESMExports } = require('module');
const path = require('path');

// own is the option by which Node has loaded this.
const own = /\s*--require "[^"]*egg-tool\.cjs"/;

function run({ program }) {
  const { fork } = childProcess;
  childProcess.fork = function (script, args, options) {
    if (!Array.isArray(args)) [args, options] = [[], args];
    if (!path.basename(String(script)).startsWith('start-cluster')) return fork(script, args, options);
    const env = { ...((options && options.env) || process.env) };
    env.NODE_OPTIONS = (env.NODE_OPTIONS || '').replace(own, '').trim();
    if (!env.NODE_OPTIONS) delete env.NODE_OPTIONS;
    return fork(script, args, { ...options, env, execPath: program });
  };
  syncBuiltinESMExports();
}
