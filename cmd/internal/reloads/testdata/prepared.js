'use strict';
// The same server, written for PM2: it says when it is ready. When it is to leave, it ends each keep-alive connection with the next answer,
// accepts no more after WAIT ms, and ends connections that are idle then.
const server = require('./app.js');

let leaving = false;
server.prependListener('request', (request, response) => {
  if (leaving) response.setHeader('Connection', 'close');
});
server.on('listening', () => process.send('ready'));

function close() {
  server.close(() => process.exit(0));
  if (server.closeIdleConnections) server.closeIdleConnections(); // from Node 18.2 on
}
process.on('SIGINT', () => {
  leaving = true;
  if (process.env.WAIT === '0') close();
  else setTimeout(close, Number(process.env.WAIT));
});
