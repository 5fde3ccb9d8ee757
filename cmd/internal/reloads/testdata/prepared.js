'use strict';
// The same server, written for PM2: it says when it is ready. When it is to leave, it ends each keep-alive connection with the next answer.
// It closes after WAIT ms, with the connections that are idle then, and goes on for as long afterwards: connections that the primary has
// sent it by then are sent back to the primary, and would be lost with the process.
const server = require('./app.js');
const wait = Number(process.env.WAIT);

let leaving = false;
server.prependListener('request', (request, response) => {
  if (leaving) response.setHeader('Connection', 'close');
});
server.on('listening', () => process.send('ready'));

function close() {
  server.close(() => setTimeout(() => process.exit(0), wait));
  if (server.closeIdleConnections) server.closeIdleConnections(); // from Node 18.2 on
}
process.on('SIGINT', () => {
  leaving = true;
  setTimeout(close, wait);
});
