// The ways to give a worker its streams: numbers, streams, names, more pipes, and a channel in another place or none. Node itself ends
// where the channel is standard output, early.
const cluster = require('cluster');
const fs = require('fs');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  for (const fd of [1, 2, 3, 4, 5]) {
    try {
      const { mode } = fs.fstatSync(fd);
      console.error(fd, (mode & fs.constants.S_IFMT).toString(8));
    } catch (err) {
      console.error(fd, err.code);
    }
  }
  fs.writeSync(1, `out ${process.env.NAME}\n`);
  if (process.env.PIPE) {
    fs.writeSync(Number(process.env.PIPE), 'through the pipe');
  }
  process.send('done', () => process.disconnect());
}

async function primary() {
  const file = fs.openSync('out.txt', 'w+');
  const all = {
    inherit: { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    number: { stdio: ['ignore', file, 2, 'ipc'] },
    stream: { stdio: [process.stdin, process.stdout, process.stderr, 'ipc'] },
    overlapped: { stdio: ['overlapped', 'overlapped', 2, 'ipc'] },
    null: { stdio: [null, undefined, 2, 'ipc'] },
    early: { stdio: ['ignore', 'ipc', 2] },
    last: { stdio: ['ignore', 1, 2, 'pipe', 'pipe', 'ipc'], env: { PIPE: 4 } },
    extra: { stdio: ['ignore', 1, 2, 'ipc', 'pipe', file], env: { PIPE: 4 } },
    silent: { stdio: ['ignore', 1, 2, 'ipc'], silent: true },
    none: { stdio: ['ignore', 1, 2] },
    text: { stdio: 'pipe' },
  };
  const names = process.argv[2] ? [process.argv[2]] : Object.keys(all).filter((name) => name !== 'early');
  for (const NAME of names) {
    const { env, ...settings } = all[NAME];
    cluster.settings = {};
    cluster.setupPrimary(settings);
    await run(NAME, env);
  }
  console.log(fs.readFileSync('out.txt', 'utf8'));
}

// What the worker writes to the primary's own streams comes at any time, so that all is shown once the worker has ended.
async function run(NAME, env) {
  console.log(NAME);
  try {
    const worker = cluster.fork({ NAME, ...env });
    const streams = worker.process.stdio;
    const read = streams.map((stream) => stream && stream.constructor.name);
    for (const [fd, stream] of streams.entries()) {
      if (stream && stream.readable) {
        stream.on('data', (data) => read[fd] += data);
      }
    }
    worker.on('message', (message) => read.push(message)).on('error', (err) => read.push(err.message));
    console.log(await once(worker.process, 'close'), read);
  } catch (err) {
    console.log(err.code, err.message);
  }
}
