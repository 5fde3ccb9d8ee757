// A primary whose JavaScript does nothing but wait for a client, which is a process of its own.
const cluster = require('cluster');
const http = require('http');
const { execFileSync } = require('child_process');

if (cluster.isPrimary) {
  cluster.fork().on('listening', ({ port }) => {
    const client = `require('http').get({ host: '127.0.0.1', port: ${port} }, (res) => res.pipe(process.stdout))`;
    console.log(String(execFileSync(process.execPath, ['-e', client], { timeout: 60000 })));
    cluster.disconnect();
  });
} else {
  http.createServer((req, res) => res.end('answer')).listen(0, '127.0.0.1');
}
