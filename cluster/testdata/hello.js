const cluster = require('cluster');
const http = require('http');

http.createServer((request, response) => {
  response.end(`hello from worker ${cluster.worker.id}`);
}).listen(process.env.PORT || 0, '127.0.0.1');
