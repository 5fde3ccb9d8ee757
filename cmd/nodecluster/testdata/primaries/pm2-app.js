// An application that PM2 runs in cluster mode. Its first worker can be told to die. Every line that it writes comes of an event that
// PM2's user has asked for.
const http = require('http');

http.createServer((req, res) => {
  if (req.url === '/die' && process.env.NODE_APP_INSTANCE === '0') {
    console.log('dies');
    process.exit(1);
  }
  res.end('answer');
}).listen(process.env.PORT, '127.0.0.1', () => console.log('listens'));
process.on('SIGUSR2', () => console.log('SIGUSR2'));
process.on('message', (packet) => console.log(packet.topic || packet));
