// Who gets a connection, by the policy: rr and none are set here, default by nobody, env by NODE_CLUSTER_SCHED_POLICY.
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');
const { listening, spread } = require('./ask');

if (cluster.isPrimary) {
  primary(process.argv[2]);
} else {
  http.createServer((req, res) => res.end(String(cluster.worker.id))).listen(0, '127.0.0.1');
}

async function primary(policy) {
  if (policy === 'rr' || policy === 'none') {
    cluster.schedulingPolicy = cluster[`SCHED_${policy.toUpperCase()}`];
  }
  const workers = [1, 2, 3].map(() => cluster.fork());
  const { port } = await listening(cluster, 3);
  const answers = await spread(port, 24);
  console.log(cluster.schedulingPolicy, process.env.NODE_CLUSTER_SCHED_POLICY);
  if (cluster.schedulingPolicy === cluster.SCHED_RR) {
    console.log(answers); // else whom the kernel chooses is its affair
  }
  for (const worker of workers) {
    worker.process.kill();
    console.log(...await once(worker, 'exit'));
  }
}
