// What workers can listen on, what they hear of it, and what is said where it is not possible.
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  process.on('message', async (options) => process.send(await listen(options)));
}

// listen tells what comes of it, and of a connection.
function listen(options) {
  const { port: wanted } = options;
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.end('hello'));
    server.on('error', ({ code, message, syscall, errno, address, port }) => {
      // Before Node 20 all abstract names are one, which another program may have for a moment.
      if (code === 'EADDRINUSE' && options.path && options.path[0] === '\0') {
        resolve(listen(options));
        return;
      }
      resolve({ code, syscall, errno, address, message: wanted ? message.replace(wanted, 'PORT') : message, port: port === wanted });
    });
    server.listen(options, () => {
      const address = server.address();
      const socket = typeof address === 'string' ? net.connect(address) : net.connect(address.port, address.address);
      socket.on('data', (data) => {
        server.close(() => resolve({ ...(typeof address === 'string' ? { address } : address), port: address.port > 0, data: String(data) }));
      });
    });
  });
}

async function primary() {
  const worker = cluster.fork();
  const own = net.createServer().listen(0, '127.0.0.1');
  await once(own, 'listening');
  const { port } = own.address();
  fs.writeFileSync('a file', '');
  fs.mkdirSync('folder');
  const all = [
    { port: 0 }, { port: 0, host: '127.0.0.1' }, { port: 0, host: '::1' }, { port: 0, host: '::', ipv6Only: true }, { port: 0, host: 'localhost' },
    { port: 0, backlog: 1 }, { port: 0, exclusive: true }, { port: 0, host: '127.0.0.1', exclusive: true },
    { path: 'socket' }, { path: 'socket' }, { path: 'folder/socket', readableAll: true, writableAll: true }, { path: 'exclusive', exclusive: true },
    { port, host: '127.0.0.1' }, { port, host: '127.0.0.1', exclusive: true }, { port: 0, host: '192.0.2.1' }, { port: 0, host: 'no-such-host.invalid' },
    { path: 'a file' }, { path: 'no such folder/socket' }, { path: 'x'.repeat(200) }, { path: '\0nodecluster-test' + process.pid }, { fd: 99 },
  ];
  worker.on('listening', ({ address, addressType, fd }) => console.log('listening', addressType, JSON.stringify(address).replace(process.pid, 'PID').replace(process.cwd(), '.'), fd));
  for (const options of all) {
    worker.send(options);
    const [answer] = await once(worker, 'message');
    console.log(JSON.stringify([options.path || (options.port ? 'taken' : options.host), answer]).replaceAll(process.pid, 'PID').replaceAll(port, 'PORT'), fs.readdirSync('.'));
  }
  own.close();
  worker.disconnect();
  console.log(await once(worker, 'exit'), fs.readdirSync('.'));
}
