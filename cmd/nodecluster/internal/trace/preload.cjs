// Has every child that gets a channel started by way of nodecluster, which shows the channel to the tracer and then
// becomes the child. It works below child_process, so that the program finds there what it has asked for. What it has in common
// with the Go processes of a trace stands before it, as common: folder.go writes it there.

const { accessSync, closeSync, constants, openSync, statSync, writeSync } = require('fs');
const path = require('path');
const { ChildProcess, spawnSync } = require('child_process');
const { clearTimeout, setTimeout } = globalThis;

const nodecluster = path.join(__dirname, common.program);
const socket = path.join(__dirname, common.socket);
const exits = path.join(__dirname, common.exits);

// What Node 24 and later pass one by one, and earlier ones as an object.
const names = ['file', 'args', 'cwd', 'envPairs', 'stdio', 'flags', 'uid', 'gid'];

const handle = new ChildProcess()._handle;
if (handle && process.platform !== 'win32') {
  intercept(Object.getPrototypeOf(handle));
  try {
    closeSync(openSync(path.join(__dirname, common.loaded), 'a', 0o600));
  } catch {
    // Another user's process may not write there.
  }
}

function intercept(prototype) {
  const { spawn } = prototype;
  prototype.spawn = function(...given) {
    const together = typeof given[0] === 'object';
    const options = together ? { ...given[0] } : Object.fromEntries(names.map((name, i) => [name, given[i]]));
    const channel = options.stdio.find(({ ipc }) => ipc)?.handle;
    if (!channel || !redirect(options)) {
      return Reflect.apply(spawn, this, given);
    }
    const changed = together ? [options] : given.map((value, i) => names[i] ? options[names[i]] : value);
    const error = Reflect.apply(spawn, this, changed);
    if (error === 0) {
      holdExit(this, channel);
    }
    return error;
  };
}

// redirect has nodecluster started with all that it needs to become the child. Where that is not possible, and where
// the child could not be started either, everything is left as it is.
function redirect(options) {
  try {
    const file = find(options);
    accessSync(nodecluster, constants.X_OK);
    findTracer();
    const ids = dropPrivileges(options);
    options.args = [nodecluster, common.command, __dirname, ...ids, file, ...options.args];
    options.file = nodecluster;
    return true;
  } catch {
    return false;
  }
}

// find gives the program as the system would find it, and throws where it would not.
function find({ file, cwd, envPairs }) {
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

// dropPrivileges leaves it to nodecluster to become another user, who may not have access to it.
function dropPrivileges(options) {
  if (process.geteuid() !== 0) {
    return ['', ''];
  }
  const ids = [options.uid, options.gid].map((id) => String(id ?? ''));
  delete options.uid;
  delete options.gid;
  return ids;
}

// findTracer throws where the tracer is gone, or another user's that does not listen to this one.
function findTracer() {
  try {
    accessSync(socket, constants.W_OK);
  } catch (err) {
    if (err.code !== 'EACCES' || !common.abstract) {
      throw err;
    }
  }
}

// tellOfExit has the tracer know how a child has ended, at once, since this process may be about to end itself.
function tellOfExit(pid, code, signal) {
  try {
    const pipe = openSync(exits, constants.O_RDWR);
    writeSync(pipe, `${JSON.stringify({ pid, code, signal })}\n`);
    closeSync(pipe);
  } catch (err) {
    if (err.code === 'EACCES' && common.abstract) {
      spawnSync(nodecluster, [common.exitCommand, __dirname, String(pid), String(code), signal], { stdio: 'ignore' });
    }
    // Or the tracer is gone.
  }
}

// What tells of the exit of a child is a property of its handle, for a trace in a trace: the script that comes first holds the exit
// back for both.
const tellers = Symbol.for('nodecluster.trace.tellers');

// holdExit keeps a child's exit back until the channel has ended: what the child had sent before is then still on its way through
// the tracer, while without it Node has read it before it hears of the exit. A channel that another process has kept open does not
// end. The system calls what a handle's close is given, as it calls onexit, so that no frame of this script is below the program's.
function holdExit(child, channel) {
  if (child[tellers]) {
    child[tellers].push(tellOfExit);
    return;
  }
  Object.defineProperty(child, tellers, { value: [tellOfExit] });
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
    const timer = ended ? undefined : setTimeout(() => deliver(), common.patience);
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
