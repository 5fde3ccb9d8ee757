const cluster = require('cluster');
const fs = require('fs');
const https = require('https');
const path = require('path');

const options = {
  key: fs.readFileSync(path.join(__dirname, 'tls', 'key.pem')),
  cert: fs.readFileSync(path.join(__dirname, 'tls', 'cert.pem')),
};

const server = https.createServer(options, (req, res) => {
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({
    pid: process.pid,
    worker: cluster.worker && cluster.worker.id,
  }));
});

server.listen(process.env.PORT, () => {
  console.log(`listening on ${server.address().port}`);
});
