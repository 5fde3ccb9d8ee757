// Arguments that are wrong, or nearly so, and what is said of them.
const cluster = require('cluster');
const { once } = require('events');

const forks = {
  'exec 1': { exec: 1 },
  'exec missing': { exec: '/no-such-folder/app.js' },
  'exec with a null': { exec: 'a\0b' },
  'args text': { args: 'x' },
  'args number inside': { args: [1, null, undefined] },
  'args with a null': { args: ['a\0b'] },
  'execArgv text': { execArgv: 'x' },
  'execArgv unknown': { execArgv: ['--no-such-option'] },
  'stdio number': { stdio: 3 },
  'stdio unknown': { stdio: ['ignore', 'no-such-kind', 'inherit', 'ipc'] },
  'stdio two channels': { stdio: ['ignore', 'ipc', 'inherit', 'ipc'] },
  'stdio of a closed number': { stdio: ['ignore', 99, 'inherit', 'ipc'] },
  'cwd number': { cwd: 1 },
  'cwd missing': { cwd: '/no-such-folder' },
  'uid text': { uid: 'root' },
  'uid fraction': { uid: 0.5 },
  'gid text': { gid: {} },
  'serialization unknown': { serialization: 'no-such-kind' },
  'silent text': { silent: 'yes' },
  'windowsHide text': { windowsHide: 'yes' },
  'inspectPort text': { inspectPort: 'x', execArgv: ['--inspect=0'] },
  'inspectPort too large': { inspectPort: 70000, execArgv: ['--inspect=0'] },
};

const environments = [null, 'text', 1, { A: 'a\0b' }, { 'A=B': 1 }, { NODE_OPTIONS: '--no-such-option' }, { PATH: undefined }];

const calls = {
  'send nothing': (w) => w.send(),
  'send undefined': (w) => w.send(undefined),
  'send function': (w) => w.send(() => 1),
  'send symbol': (w) => w.send(Symbol('s')),
  'send bigint': (w) => w.send(1n),
  'send cyclic': (w) => { const o = {}; o.o = o; w.send(o); },
  'send bad handle': (w) => w.send('x', { fd: 1 }),
  'send number as handle': (w) => w.send('x', 1),
  'send bad options': (w) => w.send('x', undefined, 1),
  'send bad callback': (w) => w.send('x', undefined, {}, 1),
  'kill unknown': (w) => w.process.kill('SIGFOO'),
  'kill 9999': (w) => w.process.kill(9999),
  'kill 0': (w) => w.process.kill(0),
  'kill null': (w) => w.process.kill(null),
  'setupPrimary text': () => cluster.setupPrimary('x'),
  'setupPrimary null': () => cluster.setupPrimary(null),
  'disconnect text': () => cluster.Worker.prototype.disconnect.call('x'),
  'new Worker': () => new cluster.Worker(),
  'Worker': () => cluster.Worker(),
  'new Worker with 1': () => new cluster.Worker(1),
  'policy': () => cluster.schedulingPolicy = 'x',
};

if (!cluster.isPrimary) {
  if (process.argv[2] !== 'wait') {
    process.exit(4);
  }
} else {
  primary();
}

function show(name, f) {
  try {
    const result = f();
    console.log(name, '->', result instanceof cluster.Worker ? `worker ${result.id}` : result);
    return result;
  } catch (err) {
    console.log(name, '->', err.name, err.code, err.message, err.syscall, err.errno);
  }
}

async function end(worker) {
  if (worker) {
    console.log(typeof worker.process.pid, worker.isConnected(), worker.isDead());
    try {
      console.log(await once(worker, 'exit'));
    } catch (err) {
      console.log('error', err, worker.isConnected(), worker.isDead());
    }
  }
}

async function primary() {
  for (const [name, settings] of Object.entries(forks)) {
    for (const key of Object.keys(cluster.settings)) {
      delete cluster.settings[key];
    }
    show(`setup ${name}`, () => cluster.setupPrimary(settings));
    await end(show(name, () => cluster.fork()));
  }
  cluster.setupPrimary({ exec: __filename, args: [], execArgv: [], stdio: undefined, cwd: undefined, uid: undefined, gid: undefined, serialization: 'json', inspectPort: undefined });
  for (const env of environments) {
    await end(show(`environment ${JSON.stringify(env)}`, () => cluster.fork(env)));
  }
  cluster.settings.args = ['wait'];
  const worker = cluster.fork();
  worker.on('error', (err) => console.log('error of the worker', err.message));
  await once(worker, 'online');
  for (const [name, call] of Object.entries(calls)) {
    show(name, () => call(worker));
  }
  worker.process.kill('SIGKILL');
  console.log(await once(worker, 'exit'));
  show('send late', () => worker.send('x', () => {}));
  show('kill late', () => worker.process.kill());
  show('disconnect late', () => worker.process.disconnect());
}
