const cluster = require('cluster');
const http = require('http');

const workers = 2;

if (cluster.isPrimary) {
  console.log(`primary ${process.pid} is running`);

  for (let i = 0; i < workers; i++) {
    cluster.fork();
  }

  cluster.on('exit', (worker, code, signal) => {
    console.log(`worker ${worker.id} exited (${signal || code})`);
  });
} else {
  const server = http.createServer((req, res) => {
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({
      pid: process.pid,
      worker: cluster.worker && cluster.worker.id,
    }));
  });

  server.listen(process.env.PORT, () => {
    console.log(`worker ${cluster.worker.id} listening on ${server.address().port}`);
  });
}
