'use strict';
// Has each worker that this process's cluster module forks started by way of nodecluster, which hands the worker's channel to the engine and
// then becomes the worker.

const { accessSync, constants, writeSync } = require('fs');
const path = require('path');
const { spawn } = require('child_process');
const debug = require('util').debuglog('nodecluster');
const { findProgram, holdExit, interceptSpawn, takeCredentials } = require(path.join(__dirname, 'spawn.cjs'));

// A worker's channel ends after the worker, unless another process has kept it open.
const patience = 2000; // milliseconds

// adopt has the workers of this process's cluster, from now on, served by the engine of nodecluster, whose path is program. sched is the
// scheduling policy, that of the cluster module by default. Where the engine cannot be had, workers are served by this process, and
// standard error has one line about it; if strict, forks fail then.
function adopt({ program, sched, strict }) {
  let engine; // undefined before the first worker
  let missing; // why there is none any more

  const intercepted = interceptSpawn((options, channel) => {
    if (!options.envPairs.some((pair) => pair.startsWith('NODE_UNIQUE_ID='))) {
      return undefined;
    }
    let file;
    try {
      file = findProgram(options);
    } catch {
      return undefined; // Node tells of it
    }
    const fd = engineDescriptor();
    if (fd === undefined) {
      return undefined;
    }
    const ids = takeCredentials(options);
    options.args = [program, 'adopt-exec', `${options.stdio.length}`, strict ? 'strict' : '', ...ids, file, ...options.args];
    options.file = program;
    options.stdio = [...options.stdio, { type: 'fd', fd }];
    return (child) => {
      debug('worker with process id %d is adopted', child.pid);
      holdExit(child, channel, patience, () => {});
    };
  });
  if (!intercepted) {
    lose('it is not for this system');
  }

  // engineDescriptor gives this process's end of the engine's socket.
  function engineDescriptor() {
    if (!engine && !missing) {
      start();
    }
    const fd = missing ? -1 : engine.stdin._handle?.fd ?? -1;
    if (fd < 0) {
      lose('it has ended');
    }
    if (missing && strict) {
      throw new Error(`nodecluster has no engine: ${missing}`);
    }
    return missing ? undefined : fd;
  }

  function start() {
    try {
      accessSync(program, constants.X_OK);
      engine = spawn(program, ['adopt-engine', sched || policy()], { detached: true, env: {}, stdio: ['pipe', 'ignore', 'inherit'] });
    } catch (err) {
      lose(err.message);
      return;
    }
    engine.on('error', (err) => lose(err.message));
    engine.on('exit', (code, signal) => lose(`it has ended with ${signal || `code ${code}`}`));
    engine.stdin.on('error', () => {});
    engine.unref();
    engine.stdin.unref();
  }

  // lose is called when there is no engine, or none any more.
  function lose(reason) {
    if (missing) {
      return;
    }
    missing = reason;
    if (strict) {
      return;
    }
    try {
      writeSync(2, `nodecluster: workers are served by Node alone, since there is no engine: ${reason}\n`);
    } catch {
      // Nobody reads it.
    }
  }
}

// policy is that of the cluster module, which has fixed it at its first fork.
function policy() {
  const { schedulingPolicy, SCHED_NONE } = require('cluster');
  return schedulingPolicy === SCHED_NONE ? 'none' : 'rr';
}

module.exports = { adopt };
