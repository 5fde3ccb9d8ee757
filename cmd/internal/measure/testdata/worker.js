'use strict';
// The server that is measured, the same under every primary: it listens on PORT, and on PORTS of them in a row if there
// is that variable. KIND net answers without reading HTTP. Once it listens on all, a file of its pid's name is in READY.
// With BUSY the first worker answers nothing for 50 ms of every 100. A server that is no cluster worker has its number in NUMBER.
const net = require('net');
const http = require('http');
const answer = `${process.pid}`;
const head = `HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\nConnection: close\r\n\r\n`;

function answerRaw(socket) {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(head + answer));
}
const newServer = process.env.KIND === 'net'
  ? () => net.createServer(answerRaw)
  : () => http.createServer((request, response) => response.end(answer));

const first = Number(process.env.PORT);
const ports = Number(process.env.PORTS || 1);
let listening = 0;
for (let port = first; port < first + ports; port++) {
  newServer().listen(port, () => {
    if (++listening === ports && process.env.READY) require('fs').writeFileSync(`${process.env.READY}/${process.pid}`, '');
  });
}

function beBusy() {
  const end = Date.now() + 50;
  while (Date.now() < end);
  setTimeout(beBusy, 50);
}
const { worker } = require('cluster');
const number = worker ? worker.id : Number(process.env.NUMBER);
if (process.env.BUSY && number === 1) beBusy();
