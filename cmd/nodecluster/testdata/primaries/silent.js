// silent workers: their streams are pipes, and all that they wrote can be read after they have ended.
const cluster = require('cluster');
const { once } = require('events');

const size = 300000;

if (cluster.isPrimary) {
  primary();
} else {
  process.stdin.setEncoding('utf8').on('data', (data) => process.stdout.write(data.toUpperCase()));
  process.stdin.on('end', () => {
    process.stderr.write('complaint');
    process.stdout.write('x'.repeat(size), () => process.exit(9));
  });
}

async function primary() {
  cluster.setupPrimary({ silent: true });
  const worker = cluster.fork();
  const { stdin, stdout, stderr } = worker.process;
  const read = { stdout: '', stderr: '' };
  stdout.setEncoding('utf8').on('data', (data) => read.stdout += data);
  stderr.setEncoding('utf8').on('data', (data) => read.stderr += data);
  stdin.write('loud');
  await once(stdout, 'data');
  stdin.end();
  await once(worker.process, 'close');
  console.log(read.stdout.slice(0, 5), read.stdout.length, read.stderr, worker.process.stdio.length);
  console.log(worker.process.exitCode, worker.process.connected, stdout.destroyed, stdout.readableEnded);
}
