// The channels to the Go primary: calls over a pipe, synchronous, and messages and events over Node's IPC channel.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');

const { env } = process;
const program = env.NODECLUSTER_CONFORMANCE_PRIMARY;

class GoPrimary {
  #child;
  #calls; // the descriptor of the pipe
  #hooks;
  #pipes; // the socket that gives workers' streams
  #sent = 0; // messages
  #written = 0; // those of them that have left this process
  #handles = 0; // that the Go primary has not acknowledged
  #callbacks = new Map();

  // hooks: mirror(list), busy() says whether something is still to come, on(event, handle).
  constructor(hooks) {
    this.#hooks = hooks;
  }

  setup(settings, schedulingPolicy) {
    if (!this.#child) this.#start(settings.serialization);
    this.#call({ call: 'setup', settings, schedulingPolicy });
  }

  fork(settings, workerEnv) {
    const stdio = stdioOf(settings);
    const streams = stdio.map((kind) => (kind === 'pipe' ? net.connect(this.#pipes) : null));
    const answer = this.#call({
      call: 'fork', stdio, env: pairs(process.env), workerEnv: pairs(workerEnv), cwd: process.cwd(),
      execPath: process.execPath, debugPort: process.debugPort, askInspectPort: settings.inspectPort !== undefined,
    }, () => (typeof settings.inspectPort === 'function' ? settings.inspectPort() : settings.inspectPort));
    return { ...answer, streams };
  }

  // withWorker makes a call about one worker: disconnect, closeChannel or kill.
  withWorker(call, worker, more) {
    return this.#call({ call, worker, ...more });
  }

  disconnectAll() {
    if (!this.#child) this.#start();
    this.#call({ call: 'disconnectAll' });
  }

  // send sends a worker a message; callback is called with the error, if any, once the Go primary has sent it on.
  send(worker, message, handle, options, callback) {
    const number = ++this.#sent;
    this.#callbacks.set(number, callback);
    if (handle) this.#handles++;
    return this.#child.send({ worker, number, keepOpen: !!options?.keepOpen, message }, handle, options, () => {
      if (handle) this.#handles--;
    });
  }

  #start(serialization) {
    const stdio = [...inherited(), 'ipc', 'pipe'];
    const calls = stdio.length - 1;
    this.#child = spawn(program, [], {
      stdio, serialization,
      env: { ...env, NODECLUSTER_CONFORMANCE_CALLS: calls, NODECLUSTER_CONFORMANCE_INHERITED: stdio.length - 2 },
    });
    this.#child.on('error', (err) => { throw err; });
    this.#child.on('exit', (code, signal) => { throw new Error(`the Go primary ended: ${code ?? signal}`); });
    this.#child.on('message', (e, handle) => this.#heard(e, handle));
    const pipe = this.#child.stdio[calls];
    pipe._handle.readStop();
    pipe.unref();
    this.#calls = pipe._handle.fd;
    this.#child.unref();
    this.stay();
  }

  #heard(e, handle) {
    if (e.workers) this.#hooks.mirror(e);
    if (e.event === 'sent') {
      const callback = this.#callbacks.get(e.number);
      this.#callbacks.delete(e.number);
      callback(e.error && errorOf(e.error));
    } else {
      this.#hooks.on(e, handle);
    }
    this.stay();
  }

  get channel() {
    return this.#child.channel;
  }

  // The process lives for as long as something is to come, as with Node's own module.
  stay() {
    if (this.#hooks.busy()) this.#child.channel.ref();
    else this.#child.channel.unref();
  }

  // How many messages the Go primary can read without this process doing anything more.
  #gone() {
    if (this.#handles === 0 && this.#child.channel.writeQueueSize === 0) this.#written = this.#sent;
    return this.#written;
  }

  #call(asked, inspectPort) {
    this.#write({ ...asked, after: this.#gone() });
    let answer = this.#read();
    while (answer.ask) {
      let port;
      try {
        port = inspectPort();
      } finally {
        this.#write(port ?? null);
      }
      answer = this.#read();
    }
    if (answer.error) throw errorOf(answer.error);
    if (answer.pipes) this.#pipes = answer.pipes;
    if (asked.call !== 'fork') this.#hooks.mirror(answer);
    return answer;
  }

  #write(value) {
    let rest = Buffer.from(JSON.stringify(value) + '\n');
    while (rest.length > 0) rest = rest.subarray(retried(() => fs.writeSync(this.#calls, rest)));
  }

  #read() {
    const chunks = [];
    for (;;) {
      const chunk = Buffer.alloc(64 << 10);
      const n = retried(() => fs.readSync(this.#calls, chunk));
      if (n === 0) throw new Error('the Go primary has ended');
      chunks.push(chunk.subarray(0, n));
      if (chunk[n - 1] === 10) return JSON.parse(Buffer.concat(chunks));
    }
  }
}

// retried does something with a pipe that does not block until it succeeds.
function retried(f) {
  for (;;) {
    try {
      return f();
    } catch (err) {
      if (err.code !== 'EAGAIN') throw err;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function errorOf({ name, code, message }) {
  const err = new globalThis[name](message);
  return code ? Object.assign(err, { code }) : err;
}

// inherited makes the stdio by which the sockets of this process are the Go primary's by the same numbers.
function inherited() {
  const stdio = [0, 1, 2];
  const fds = fs.readdirSync('/proc/self/fd').map(Number).sort((a, b) => a - b);
  for (const fd of fds) {
    if (fd <= 2 || !isSocket(fd)) continue;
    while (stdio.length < fd) stdio.push('ignore');
    stdio[fd] = fd;
  }
  return stdio;
}

function isSocket(fd) {
  try {
    return fs.fstatSync(fd).isSocket();
  } catch {
    return false; // the one that listed the folder
  }
}

function pairs(variables = {}) {
  return Object.entries(variables).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
}

// stdioOf says what each descriptor of a worker is.
function stdioOf({ stdio, silent }) {
  if (Array.isArray(stdio)) return stdio.map((kind, fd) => (kind === fd ? 'inherit' : kind));
  const kind = stdio ?? (silent ? 'pipe' : 'inherit');
  return [kind, kind, kind, 'ipc'];
}

module.exports = { GoPrimary };
