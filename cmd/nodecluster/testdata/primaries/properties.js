// Every property of the cluster, its settings, a worker, its process and its channel, own and inherited.
const cluster = require('cluster');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  process.on('message', () => process.exit());
}

// What a value is, but for numbers and names that differ from run to run.
function kind(value) {
  switch (typeof value) {
    case 'function': return `function ${value.name} ${value.length} ${/\[native code\]/.test(value) ? 'native' : 'JavaScript'}`;
    case 'object': return value === null ? 'null' : `object ${value.constructor && value.constructor.name}`;
    case 'number': return 'number';
    default: return JSON.stringify(value);
  }
}

function show(name, object) {
  for (let at = object, depth = 0; at && at !== Object.prototype; at = Object.getPrototypeOf(at), depth++) {
    for (const key of Reflect.ownKeys(at)) {
      const { enumerable, writable, configurable, get, set } = Object.getOwnPropertyDescriptor(at, key);
      const flags = [enumerable, writable, configurable, Boolean(get), Boolean(set)].map(Number).join('');
      let value;
      try {
        value = kind(object[key]);
      } catch (err) {
        value = err.message;
      }
      console.log(`${name} ${depth} ${String(key)} ${flags} ${value}`);
    }
  }
}

async function primary() {
  const worker = cluster.fork();
  await once(worker, 'online');
  show('cluster', cluster);
  show('settings', cluster.settings);
  show('worker', worker);
  show('process', worker.process);
  show('channel', worker.process.channel);
  console.log('handle', Object.entries(worker.process._handle).map(([key, value]) => [key, kind(value)]));
  console.log('spawn', kind(worker.process._handle.spawn));
  console.log(worker.process instanceof require('child_process').ChildProcess, worker.process instanceof require('events'));
  worker.send('exit');
  await once(worker, 'exit');
  show('worker that has ended', worker);
  show('process that has ended', worker.process);
}
