// What managers do to the cluster module: fork replaced, settings changed by hand, emit watched, channels that do not hold the process.
const child_process = require('child_process');
const cluster = require('cluster');
const { EventEmitter, once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  process.on('message', (message) => process.send([message, process.argv.slice(2), process.env.instance]));
}

async function primary() {
  const { fork } = cluster;
  const { fork: forkChild } = child_process;
  let instances = 0;
  cluster.fork = (env) => fork.call(cluster, { ...env, instance: instances++ });
  child_process.fork = (...args) => {
    console.log('child_process.fork', args[1], Object.keys(args[2]).sort());
    return forkChild(...args);
  };
  cluster.settings.args = ['by', 'hand'];
  cluster.setupMaster && cluster.setupMaster({ exec: __filename });
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const worker = cluster.fork({ A: 1 });
  watch('worker', worker);
  watch('process', worker.process);
  worker.send('hello');
  console.log((await once(worker, 'message'))[0]);
  const { channel, _channel, _handle } = worker.process;
  console.log(channel === _channel, typeof channel.fd, channel.fd > 2, channel.constructor.name, _handle.pid === worker.process.pid);
  channel.unref();
  worker.process.unref();
  worker.process.ref();
  channel.ref();
  console.log(worker instanceof EventEmitter, worker.process instanceof child_process.ChildProcess, process.listenerCount('message'));
  console.log(worker.process.kill(0), worker.process.killed, worker.isDead());
  worker.process.disconnect();
  console.log(await once(worker, 'exit'), worker.process.killed, worker.process.exitCode, worker.process.signalCode);
  leave();
}

function watch(name, emitter) {
  const { emit } = emitter;
  emitter.emit = function(event, ...args) {
    console.log(name, 'emit', event, event === 'internalMessage' ? args[0].act || args[0].cmd : '');
    return emit.call(this, event, ...args);
  };
}

// The process ends although a worker is still there, which does so too.
async function leave() {
  const worker = cluster.fork();
  await once(worker, 'online');
  worker.process.unref();
  worker.process.channel.unref();
  process.on('exit', (code) => console.log('primary exit', code, worker.isDead(), worker.isConnected()));
}
