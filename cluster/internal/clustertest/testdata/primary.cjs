'use strict';

// Node's own primary, driven by messages, which tells of each of its events.

const cluster = require('cluster');

function tell(event, worker, more) {
  process.send({
    event, worker: worker ? worker.id : 0,
    exitedAfterDisconnect: Boolean(worker && worker.exitedAfterDisconnect), ...more,
  });
}

cluster.on('setup', () => tell('setup'));
cluster.on('fork', (worker) => tell('fork', worker));
cluster.on('online', (worker) => tell('online', worker));
cluster.on('listening', (worker, { address, port, addressType, fd }) => {
  tell('listening', worker, {
    address: { address: address ?? '', port: port ?? -1, addressType: String(addressType), fd: fd ?? -1 },
  });
});
cluster.on('message', (worker, message) => tell('message', worker, { message }));
cluster.on('disconnect', (worker) => tell('disconnect', worker));
cluster.on('exit', (worker, code, signal) => tell('exit', worker, { code: code ?? -1, signal: signal ?? '' }));

const commands = {
  setup({ settings, policy }) {
    cluster.schedulingPolicy = policy === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
    const { inspectPorts } = settings;
    if (inspectPorts) settings.inspectPort = () => inspectPorts.shift();
    if (settings.debugPort) process.debugPort = settings.debugPort;
    cluster.setupPrimary({ serialization: process.env.CLUSTER_TEST_SERIALIZATION, ...settings });
  },
  fork({ env }) { cluster.fork(env); },
  tell({ worker, message }) { cluster.workers[worker].send(message); },
  disconnect({ worker }) { cluster.workers[worker].disconnect(); },
  closeChannel({ worker }) { cluster.workers[worker].process.disconnect(); },
  disconnectAll() { cluster.disconnect(() => tell('disconnected')); },
  signal({ worker, signal }) { process.kill(cluster.workers[worker].process.pid, signal); },
};

process.on('message', (message) => commands[message.do](message));
process.on('disconnect', () => {
  for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL');
  process.exit();
});
