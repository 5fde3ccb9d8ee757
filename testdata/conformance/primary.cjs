// A preload that puts a Go primary in place of the cluster module of the process: what the process calls is passed on to
// cmd/internal/conformance/primary, and what that tells is mirrored. Workers keep Node's own module.
'use strict';

const Module = require('node:module');
const { GoPrimary } = require('./goprimary.cjs');
const { WorkerProcess } = require('./workerprocess.cjs');

const load = Module._load;
let seen = false;

Module._load = function (request, ...rest) {
  const exported = load.call(this, request, ...rest);
  if ((request === 'cluster' || request === 'node:cluster') && !seen) {
    seen = true;
    if (exported.isPrimary) replace(exported);
  }
  return exported;
};

function replace(cluster) {
  const gone = []; // callbacks of cluster.disconnect()
  const workers = new Map(); // all that were forked and have not gone in every respect
  const primary = new GoPrimary({ mirror, busy, on });

  // An answer overtakes events that were told before it; of two lists the one with the larger version is the later.
  let version = 0;
  function mirror(list) {
    if (!(list.version > version)) return;
    version = list.version;
    const there = new Set(list.workers);
    for (const id of Object.keys(cluster.workers)) if (!there.has(+id)) delete cluster.workers[id];
    for (const id of there) if (workers.has(id)) cluster.workers[id] = workers.get(id);
  }

  function busy() {
    return gone.length > 0 || workers.size > 0;
  }

  function on(e, handle) {
    const worker = workers.get(e.worker);
    switch (e.event) {
      case 'gone':
        return gone.shift()?.();
      case 'message':
        return worker.process.emit('message', e.message, handle);
    }
    worker.state = e.state;
    switch (e.event) {
      case 'fork':
        return cluster.emit('fork', worker);
      case 'online':
        worker.emit('online');
        return cluster.emit('online', worker);
      case 'listening': {
        const { addressType, address, port, fd } = e.address;
        const info = { addressType, address, port, fd: fd ?? undefined };
        worker.emit('listening', info);
        return cluster.emit('listening', worker, info);
      }
      case 'disconnect':
      case 'exit': {
        const args = worker.process.ended(e);
        worker.exitedAfterDisconnect = e.exitedAfterDisconnect;
        const isGone = worker.isDead() && !worker.isConnected();
        if (isGone) workers.delete(worker.id);
        worker.emit(e.event, ...args);
        cluster.emit(e.event, worker, ...args);
        worker.process.emit(e.event, ...args);
        if (isGone) worker.process.emit('close', worker.process.exitCode, worker.process.signalCode);
      }
    }
  }

  cluster.setupPrimary = function (options) {
    const settings = cluster.settings = {
      args: process.argv.slice(2), exec: process.argv[1], execArgv: process.execArgv, silent: false,
      ...cluster.settings, ...options,
    };
    // It returns once the Go primary has told of the setup.
    primary.setup(settings, cluster.schedulingPolicy === cluster.SCHED_NONE ? 'none' : 'rr');
    process.nextTick(() => cluster.emit('setup', settings));
  };
  cluster.setupMaster = cluster.setupPrimary;

  cluster.fork = function (env) {
    cluster.setupPrimary();
    const forked = primary.fork(cluster.settings, env);
    const worker = new cluster.Worker({ id: forked.id, process: new WorkerProcess(primary, forked) });
    worker.on('message', (message, handle) => cluster.emit('message', worker, message, handle));
    workers.set(worker.id, worker);
    mirror(forked);
    primary.stay();
    return worker;
  };

  cluster.disconnect = function (callback) {
    gone.push(typeof callback === 'function' ? callback : () => {});
    primary.disconnectAll();
    primary.stay();
  };

  cluster.Worker.prototype.disconnect = function () {
    this.exitedAfterDisconnect = primary.withWorker('disconnect', this.id).exitedAfterDisconnect;
    return this;
  };

  cluster.Worker.prototype.destroy = function (signal) {
    this.process.kill(signal);
  };
}
