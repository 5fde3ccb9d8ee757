'use strict';

const http = require('http');

// A server that never listens: its connections come from the parent.
const httpServer = http.createServer((request, response) => response.end(String(process.pid)));

process.on('message', (message, handle) => {
  if (message === 'server') {
    handle.on('connection', (socket) => httpServer.emit('connection', socket));
    process.send('listening');
  } else if (message === 'socket') {
    httpServer.emit('connection', handle);
  }
});

process.on('disconnect', () => process.exit());
