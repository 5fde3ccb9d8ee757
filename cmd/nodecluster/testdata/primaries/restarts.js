// A restart policy of the program's own: one restart, none for a worker that has ended well.
const cluster = require('cluster');

const ends = {
  good: () => process.exit(0),
  code: () => process.exit(7),
  throw: () => { throw new Error('the worker fails'); },
  reject: () => Promise.reject(new Error('nobody catches it')),
  abort: () => process.kill(process.pid, 'SIGABRT'),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  disconnect: () => cluster.worker.disconnect(),
};

if (cluster.isPrimary) {
  const waiting = Object.keys(ends);
  const restarts = {};
  const start = (END) => cluster.fork({ END }).on('online', () => console.log('online', END)).END = END;
  cluster.on('exit', (worker, code, signal) => {
    const { END, exitedAfterDisconnect } = worker;
    console.log('exit', worker.id, END, code, signal, exitedAfterDisconnect);
    restarts[END] = (restarts[END] || 0) + 1;
    if (!exitedAfterDisconnect && code !== 0 && restarts[END] < 2) {
      start(END);
    } else if (waiting.length) {
      start(waiting.shift());
    }
  });
  start(waiting.shift());
} else {
  ends[process.env.END]();
}
