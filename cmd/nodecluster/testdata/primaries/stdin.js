// A primary that reads its standard input, and gives it to its workers line by line. A worker has none of it.
const cluster = require('cluster');
const readline = require('readline');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  process.on('message', (line) => process.send(line.toUpperCase()));
}

async function primary() {
  const workers = [cluster.fork(), cluster.fork()];
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  let n = 0;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const worker = workers[n++ % 2];
    worker.send(line);
    console.log(worker.id, (await once(worker, 'message'))[0]);
  }
  console.log('end of the input');
  cluster.disconnect();
}
