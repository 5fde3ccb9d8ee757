'use strict';
// Has each worker that this process's cluster module forks started by way of nodecluster, which hands the worker's channel to the engine and
// then becomes the worker.

const { accessSync, constants, writeSync } = require('fs');
const path = require('path');
const { debuglog, getSystemErrorName } = require('util');
const { findProgram, holdExit, interceptSpawn, takeCredentials } = require(path.join(__dirname, 'spawn.cjs'));

const debug = debuglog('nodecluster');

// A worker's channel ends after the worker, unless another process has kept it open.
const patience = 2000; // milliseconds

// adopt has the workers of this process's cluster, from now on, served by the engine of nodecluster, whose path is program. sched is the
// scheduling policy, that of the cluster module by default. Where the engine cannot be had, workers are served by this process, and
// standard error has one line about it; if strict, forks fail then.
function adopt({ program, sched, strict }) {
  let engine; // the handle of this process's end of the engine's socket; undefined before the first worker
  let missing; // why there is none any more

  const intercepted = interceptSpawn((options, channel, startAnother) => {
    if (!options.envPairs.some((pair) => pair.startsWith('NODE_UNIQUE_ID='))) {
      return undefined;
    }
    if (options.args[1] === 'adopt-exec') {
      return undefined; // another copy of this script has done it
    }
    let file;
    try {
      file = findProgram(options);
    } catch {
      return undefined; // Node tells of it
    }
    const fd = engineDescriptor(channel.constructor, startAnother);
    if (fd === undefined) {
      return undefined;
    }
    const ids = takeCredentials(options);
    options.args = [program, 'adopt-exec', `${options.stdio.length}`, strict ? 'strict' : '', versionOf(file), ...ids, file, ...options.args];
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
  function engineDescriptor(Pipe, startAnother) {
    if (!engine && !missing) {
      start(new Pipe(0), startAnother);
    }
    if (missing && strict) {
      throw new Error(`nodecluster has no engine: ${missing}`);
    }
    return missing ? undefined : engine.fd;
  }

  function start(pipe, startAnother) {
    try {
      accessSync(program, constants.X_OK);
    } catch (err) {
      lose(err.message);
      return;
    }
    const { handle, error } = startAnother({
      file: program, args: [program, 'adopt-engine', sched || policy()], envPairs: [],
      detached: true, flags: 1, // the same, to some versions of Node
      stdio: [{ type: 'pipe', handle: pipe }, { type: 'ignore' }, { type: 'fd', fd: 2 }],
    });
    if (error) {
      lose(`${program}: ${getSystemErrorName(error)}`);
      return;
    }
    engine = pipe;
    handle.onexit = (code, signal) => {
      handle.close();
      pipe.close();
      lose(`it has ended with ${signal || `code ${code}`}`);
    };
    handle.unref();
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

// versionOf is the major version of Node that a worker has which runs file, '0' if it is another program than this process's.
function versionOf(file) {
  return file === process.execPath ? process.versions.node.split('.')[0] : '0';
}

// policy is that of the cluster module, which has fixed it at its first fork.
function policy() {
  const { schedulingPolicy, SCHED_NONE } = require('cluster');
  return schedulingPolicy === SCHED_NONE ? 'none' : 'rr';
}

module.exports = { adopt };
