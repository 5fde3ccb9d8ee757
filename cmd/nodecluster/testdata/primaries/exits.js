// How workers end and what is seen of it: codes, signals, what they say last. With an argument it is the primary that ends, in that way.
const cluster = require('cluster');
const { once } = require('events');

const ends = {
  'code 0': () => process.exit(0),
  'code 1': () => process.exit(1),
  'code 255': () => process.exit(255),
  'code 300': () => process.exit(300),
  'exitCode': () => { process.exitCode = 42; process.disconnect(); },
  'last words': () => { process.send({ last: 'x'.repeat(100000) }); process.exit(6); },
  'last words and SIGKILL': () => process.send('words', () => process.kill(process.pid, 'SIGKILL')),
  'throw': () => { throw 'text'; },
};
const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL', 'SIGUSR2', 'SIGALRM'];

if (cluster.isPrimary) {
  primary(process.argv[2]);
} else if (ends[process.env.END]) {
  ends[process.env.END]();
} else {
  process.send('here');
  process.on('message', () => {});
}

async function primary(own) {
  cluster.on('message', (worker, message) => console.log(message.last ? message.last.length : message));
  if (!own) {
    return endWorkers();
  }
  const worker = cluster.fork();
  await once(worker, 'message');
  process.on('exit', (code) => console.log('exit of the primary', code));
  switch (own) {
    case 'exit': return process.exit(17);
    case 'throw': return setImmediate(() => { throw new Error('the primary fails'); });
    case 'signal': return process.kill(process.pid, 'SIGTERM');
    case 'disconnect': return worker.disconnect();
  }
}

async function endWorkers() {
  const show = async (how, worker) => {
    const [code, signal] = await once(worker.process, 'close');
    const { exitCode, signalCode, killed } = worker.process;
    console.log(how, code, signal, exitCode, signalCode, killed);
  };
  for (const END of Object.keys(ends)) {
    await show(END, cluster.fork({ END }));
  }
  for (const signal of signals) {
    const worker = cluster.fork();
    await once(worker, 'message');
    worker.process.kill(signal);
    await show(signal, worker);
  }
}
