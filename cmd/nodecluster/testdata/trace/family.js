// Children of children, and of a worker thread.
const { fork } = require('child_process');
const { Worker, isMainThread, parentPort } = require('worker_threads');

const generation = Number(process.argv[2] || 0);
const oldest = generation === 0 && isMainThread;

if (generation === 3) {
  process.send('born');
} else {
  // As programs do that want no flags of their own in their children.
  const env = { PATH: process.env.PATH, NODE_OPTIONS: '--no-warnings' };
  fork(__filename, [String(isMainThread ? generation + 1 : 3)], { env }).on('message', (message) => {
    const line = `${generation}: ${message}`;
    if (!isMainThread) {
      parentPort.postMessage(line);
    } else if (oldest) {
      console.log(line);
    } else {
      process.send(line);
    }
  });
}

if (oldest) {
  const lines = [];
  new Worker(__filename).on('message', (line) => lines.push(line));
  process.on('exit', () => console.log('thread', lines));
}
