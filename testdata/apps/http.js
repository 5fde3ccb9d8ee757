const cluster = require('cluster');
const http = require('http');

const server = http.createServer((req, res) => {
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({
    pid: process.pid,
    worker: cluster.worker && cluster.worker.id,
  }));
});

server.listen(process.env.PORT, () => {
  console.log(`listening on ${server.address().port}`);
});
