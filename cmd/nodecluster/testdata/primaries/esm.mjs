// A primary that is an ECMAScript module.
import cluster, { isPrimary, Worker } from 'node:cluster';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { listening, spread } from './ask.js';

if (isPrimary) {
  cluster.setupPrimary({ args: ['from', 'esm'] });
  cluster.fork();
  cluster.fork();
  const { port } = await listening(cluster, 2);
  console.log(await spread(port, 12), cluster.workers[1] instanceof Worker, cluster.settings.exec === fileURLToPath(import.meta.url));
  cluster.disconnect();
  console.log(await once(cluster, 'exit').then(([, ...how]) => how));
} else {
  createServer((req, res) => res.end(process.argv.slice(2).join(' '))).listen(0, '127.0.0.1');
}
