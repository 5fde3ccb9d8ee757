// worker.process of a worker that the Go primary has forked.
'use strict';

const EventEmitter = require('node:events');
const os = require('node:os');

class WorkerProcess extends EventEmitter {
  #primary;
  #id;

  constructor(primary, { id, pid, args, streams }) {
    super();
    this.#primary = primary;
    this.#id = id;
    this.pid = pid;
    this.spawnargs = args;
    this.spawnfile = args[0];
    this.connected = true;
    this.killed = false;
    this.exitCode = null;
    this.signalCode = null;
    this.stdio = streams;
    [this.stdin, this.stdout, this.stderr] = streams;
  }

  send(message, handle, options, callback) {
    if (typeof handle === 'function') [handle, callback] = [undefined, handle];
    else if (typeof options === 'function') [options, callback] = [undefined, options];
    const { connected } = this;
    return this.#primary.send(this.#id, message, handle, options, (err) => {
      // The channel had ended, and this process had not heard of it yet: under Node the write would have failed.
      if (err?.code === 'ERR_IPC_CHANNEL_CLOSED' && connected) {
        err = Object.assign(new Error('write EPIPE'), { errno: -os.constants.errno.EPIPE, code: 'EPIPE', syscall: 'write' });
      }
      if (callback) callback(err);
      else if (err) this.emit('error', err);
    });
  }

  // What the worker is told goes through the Go primary's channel.
  get channel() {
    return this.connected ? this.#primary.channel : null;
  }

  disconnect() {
    this.#primary.withWorker('closeChannel', this.#id);
    this.connected = false;
  }

  kill(signal = 'SIGTERM') {
    const number = typeof signal === 'number' ? signal : os.constants.signals[signal];
    const { done } = this.#primary.withWorker('kill', this.#id, { signal: number });
    this.killed ||= done;
    return done;
  }

  // ended takes note of the worker's exit or the end of its channel, and gives the arguments of the event.
  ended({ event, code, signal }) {
    if (event === 'disconnect') {
      this.connected = false;
      return [];
    }
    this.exitCode = code;
    this.signalCode = signal;
    this.stdin?.destroy();
    return [code, signal];
  }
}

module.exports = { WorkerProcess };
