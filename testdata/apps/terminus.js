const http = require('http');
const { createTerminus } = require('@godaddy/terminus');

let drained;
const server = http.createServer((req, res) => {
  if (req.url === '/drained') drained();
  res.end('served');
});
createTerminus(server, {
  signal: 'SIGTERM',
  healthChecks: { '/health': async () => {} },
  beforeShutdown: () => new Promise((resolve) => { drained = resolve; }),
  onSignal: async () => { require('fs').writeSync(1, 'cleaned up\n'); },
  logger() {},
});
server.listen(process.env.PORT);
