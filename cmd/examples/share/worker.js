'use strict';

const http = require('http');

// A server that never listens: its connections come from the parent.
const httpServer = http.createServer((request, response) => {
  response.setHeader('Connection', 'close');
  response.end(String(process.pid));
});

process.on('message', (message, handle) => {
  switch (message) {
    case 'server':
      handle.on('connection', (socket) => httpServer.emit('connection', socket));
      process.send('ready');
      break;
    case 'socket':
      httpServer.emit('connection', handle);
      break;
    case 'udp':
      handle.on('message', (question, { port, address }) => handle.send(String(process.pid), port, address));
      process.send('ready');
      break;
  }
});

process.on('disconnect', () => process.exit());
