'use strict';
// The same server, written for PM2: it says when it is ready. When it is to leave it accepts no more, ends each keep-alive connection with
// the next answer, and those that are idle at once.
const server = require('./app.js');

let leaving = false;
server.prependListener('request', (request, response) => {
  if (leaving) response.setHeader('Connection', 'close');
});
server.on('listening', () => process.send('ready'));
process.on('SIGINT', () => {
  leaving = true;
  server.close(() => process.exit(0));
  if (server.closeIdleConnections) server.closeIdleConnections(); // from Node 18.2 on
});
