'use strict';
// A server as many are: it knows nothing of clusters and reloads. It answers with its pid and with how many bytes it was sent.
const http = require('http');

const server = http.createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk) => { bytes += chunk.length; });
  request.on('end', () => response.end(`${process.pid} ${bytes}`));
});
server.listen(process.env.PORT);

module.exports = server;
