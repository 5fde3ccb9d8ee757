// A primary in TypeScript, whose types are all that has to be taken out.
import cluster, { type Worker } from 'node:cluster';
import { createServer } from 'node:http';
import { once } from 'node:events';
import ask from './ask.js';

const { listening, spread } = ask as { listening: (c: typeof cluster, n: number) => Promise<{ port: number }>, spread: Function };

async function primary(count: number): Promise<void> {
  const forked: Worker[] = [];
  while (forked.length < count) {
    forked.push(cluster.fork());
  }
  const { port } = await listening(cluster, count);
  console.log(await spread(port, 12));
  for (const worker of forked) {
    worker.disconnect();
    console.log(await once(worker, 'exit'));
  }
}

if (cluster.isPrimary) {
  void primary(2);
} else {
  createServer((req, res) => res.end(`worker ${(cluster.worker as Worker).id}`)).listen(0, '127.0.0.1');
}
