const cluster = require('cluster');
const dgram = require('dgram');
const http = require('http');

function whoami() {
  return JSON.stringify({
    pid: process.pid,
    worker: cluster.worker && cluster.worker.id,
  });
}

function answer(req, res) {
  res.setHeader('Content-Type', 'application/json');
  res.end(whoami());
}

const tcp = http.createServer(answer);
tcp.listen(process.env.PORT, () => {
  console.log(`listening on ${tcp.address().port}`);
});

const unix = http.createServer(answer);
unix.listen(process.env.SOCKET, () => {
  console.log(`listening on ${unix.address()}`);
});

const udp = dgram.createSocket('udp4');
udp.on('message', (message, sender) => {
  udp.send(whoami(), sender.port, sender.address);
});
udp.bind(process.env.UDP_PORT, () => {
  console.log(`listening on udp ${udp.address().port}`);
});
