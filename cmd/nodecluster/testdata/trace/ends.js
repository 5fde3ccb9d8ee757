// Children that end, and cannot begin, in many ways, all at once. Prints what the parent hears of each.
const { fork, spawn } = require('child_process');

const serialization = process.argv[2];

const children = {
  'code 0': () => {},
  'code 7': () => process.exit(7),
  'uncaught': () => { throw new Error('expected'); },
  'last words': () => {
    for (let i = 0; i < 100; i++) {
      process.send(i);
    }
    process.send({ last: 'words'.repeat(10000) }, () => process.exit(1));
  },
  'killed': () => process.kill(process.pid, 'SIGKILL'),
  'abort': () => process.abort(),
  'disconnects': () => process.disconnect(),
  'is disconnected': () => process.on('disconnect', () => process.exit(2)).send('ready'),
  'is killed': () => process.on('message', () => {}).send('ready'),
  'takes a signal': () => process.on('message', () => {}).on('SIGUSR2', () => process.send('SIGUSR2', () => process.exit(4))).send('ready'),
  'ignores a signal': () => process.on('message', () => process.exit(5)).on('SIGTERM', () => process.send('SIGTERM')).send('ready'),
  'stops': () => process.on('message', () => process.exit(6)).send('ready'),
  'is aborted': () => process.on('message', () => {}).send('ready'),
  'runs out of time': () => process.on('message', () => {}),
};

const aborting = new AbortController();

// What is special in how a child is forked.
const options = {
  'is aborted': { signal: aborting.signal, killSignal: 'SIGUSR2' },
  'runs out of time': { timeout: 500, killSignal: 'SIGKILL' },
};

// What the parent does when a child is ready.
const parents = {
  'is disconnected': (child) => child.disconnect(),
  'is killed': (child) => child.kill(),
  'takes a signal': (child) => child.kill('SIGUSR2'),
  'ignores a signal': (child, message) => message === 'ready' ? child.kill() : child.send('exit'),
  'stops': (child) => {
    child.kill('SIGSTOP');
    child.send('exit');
    setTimeout(() => child.kill('SIGCONT'), 100);
  },
  'is aborted': () => aborting.abort(),
};

if (process.argv[3]) {
  children[process.argv[3]]();
} else {
  main();
}

async function main() {
  const stdio = ['ignore', 'pipe', 'ignore', 'ipc'];
  const forked = Object.keys(children).map((name) => watch(name, fork(__filename, [serialization, name], { serialization, stdio, ...options[name] })));
  const heir = spawn('sh', ['-c', 'sleep 1000 & echo $!; exit 11'], { stdio });
  heir.stdout.on('data', (pid) => heir.on('exit', () => process.kill(Number(pid))));
  const lines = await Promise.all([
    ...forked,
    watch('missing', spawn('/nowhere/at-all', [], { stdio })),
    watch('missing in PATH', spawn('nowhere-at-all', [], { stdio })),
    watch('not executable', spawn(__filename, [], { stdio })),
    watch('a folder', spawn(__dirname, [], { stdio })),
    watch('no folder', spawn('sh', ['-c', 'exit 8'], { stdio, cwd: '/nowhere/at-all' })),
    watch('a shell', spawn('sh', ['-c', 'echo "[1]" >&3; exit 9'], { stdio })),
    watch('leaves its channel to another process', heir),
    watch('in a folder', spawn('./sh', ['-c', 'exit 10'], { stdio, cwd: '/bin' })),
  ]);
  console.log(lines.join('\n'));
}

function watch(name, child) {
  const events = [];
  let words = 0;
  child.on('spawn', () => events.push('spawn'));
  child.on('message', (message) => {
    if (name === 'last words') {
      words++;
      return;
    }
    events.push(`message ${message}`);
    parents[name]?.(child, message);
  });
  child.on('error', ({ message, code, path, spawnargs }) => events.push(`error ${message} ${code} ${path} ${spawnargs}`));
  let exit = '';
  child.on('exit', (code, signal) => exit = `exit ${code} ${signal}`);
  return new Promise((resolve) => {
    let left = 2;
    const done = () => {
      if (--left === 0) {
        resolve(`${name}: ${[...events, exit, `${words} words`, `pid ${typeof child.pid}`, `killed ${child.killed}`].join(', ')}`);
      }
    };
    // Node promises no order of these, nor that all messages have come at the exit, and on a busy machine there is none.
    child.on('disconnect', done);
    child.on(child.pid ? 'exit' : 'error', done);
  });
}
