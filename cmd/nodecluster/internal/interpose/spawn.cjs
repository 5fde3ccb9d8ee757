'use strict';
// Works below child_process: what starts there is started otherwise, and the program finds what it has asked for.

const { accessSync, constants, statSync } = require('fs');
const path = require('path');
const { ChildProcess } = require('child_process');
const { clearTimeout, setTimeout } = globalThis;

// What Node 24 and later pass one by one, and earlier ones as an object.
const names = ['file', 'args', 'cwd', 'envPairs', 'stdio', 'flags', 'uid', 'gid'];

// interceptSpawn has prepare called for each child that gets a channel, with the options that the system gets, which it may change, the
// channel, and a function that starts another process by such options. Who listens for child processes in this process hears nothing of that
// one: the function gives its handle, and what the system says, which is 0 or an error. If prepare returns a function, that is called with
// the child's handle once the child has started. It reports false where nothing can be intercepted.
function interceptSpawn(prepare) {
  const handle = new ChildProcess()._handle;
  if (!handle || process.platform === 'win32') {
    return false;
  }
  const prototype = Object.getPrototypeOf(handle);
  const { spawn } = prototype;
  const apply = (_, child, given) => {
    const together = typeof given[0] === 'object';
    const options = together ? { ...given[0] } : Object.fromEntries(names.map((name, i) => [name, given[i]]));
    const start = (handle, options) =>
      Reflect.apply(spawn, handle, together ? [options] : given.map((value, i) => names[i] ? options[names[i]] : value));
    const startAnother = (options) => {
      const another = new child.constructor();
      return { handle: another, error: start(another, options) };
    };
    const channel = options.stdio.find(({ ipc }) => ipc)?.handle;
    const begun = channel && prepare(options, channel, startAnother);
    if (!begun) {
      return Reflect.apply(spawn, child, given);
    }
    const error = start(child, options);
    if (error === 0) {
      begun(child);
    }
    return error;
  };
  prototype.spawn = new Proxy(spawn, { apply }); // whose name, length and text are those of Node's
  return true;
}

// findProgram gives the program as the system would find it, and throws where it would not.
function findProgram({ file, cwd, envPairs }) {
  const check = (candidate) => {
    const resolved = path.resolve(cwd || '.', candidate);
    accessSync(resolved, constants.X_OK);
    if (!statSync(resolved).isFile()) {
      throw new Error(`${resolved} is not a file`);
    }
    return candidate;
  };
  if (file.includes('/')) {
    return check(file);
  }
  const variable = envPairs.find((pair) => pair.startsWith('PATH=')) || 'PATH=/usr/local/bin:/bin:/usr/bin';
  for (const folder of variable.slice('PATH='.length).split(':')) {
    try {
      return check(`${folder || '.'}/${file}`);
    } catch {
      // The next one may have it.
    }
  }
  throw new Error(`${file} is not in PATH`);
}

// takeCredentials leaves it to the program that is started to become another user, who may not have access to it.
function takeCredentials(options) {
  if (process.geteuid() !== 0) {
    return ['', ''];
  }
  const ids = [options.uid, options.gid].map((id) => String(id ?? ''));
  delete options.uid;
  delete options.gid;
  return ids;
}

// What tells of the exit of a child is a property of its handle, for several scripts that hold it back: the first does so for all.
const tellers = Symbol.for('nodecluster.tellers');

// holdExit keeps a child's exit back until the channel has ended, and calls tell at once: what the child had sent before is then still on
// its way, while without this Node has read it before it hears of the exit. A channel that another process has kept open does not end:
// patience is how many milliseconds that may take. The system calls what a handle's close is given, as it calls onexit, so that no frame
// of this script is below the program's.
function holdExit(child, channel, patience, tell) {
  if (child[tellers]) {
    child[tellers].push(tell);
    return;
  }
  Object.defineProperty(child, tellers, { value: [tell] });
  const { onexit } = child;
  const { close } = channel;
  let ended = false;
  let deliver = () => {};
  channel.close = function(...args) {
    ended = true;
    deliver();
    return Reflect.apply(close, this, args);
  };
  child.onexit = function(code, signal, ...rest) {
    for (const tell of this[tellers]) {
      tell(this.pid, code, signal || '');
    }
    const timer = ended ? undefined : setTimeout(() => deliver(), patience);
    deliver = () => {
      deliver = () => {};
      clearTimeout(timer);
      this.close(onexit.bind(this, code, signal, ...rest));
    };
    if (ended) {
      deliver();
    }
  };
}

module.exports = { findProgram, holdExit, interceptSpawn, takeCredentials };
