// Every type of handle, from the parent to the child and back, used by whoever has got it.
const { fork } = require('child_process');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const pipe = path.join(os.tmpdir(), `handles-${process.pid}.sock`);

if (process.argv[3] === 'child') {
  process.on('message', async ({ what, from, path }, handle) => {
    if (what === 'give') {
      return give(process, from);
    }
    process.send({ used: what, result: await use(what, handle, path) });
  });
} else {
  parent();
}

function parent() {
  const child = fork(__filename, [process.argv[2], 'child'], { serialization: process.argv[2] });
  const results = [];
  child.on('message', async ({ used, what, result, path }, handle) => {
    results.push(used ? `child used ${used}: ${result}` : `parent used ${what}: ${await use(what, handle, path)}`);
    if (results.length === 6) {
      child.send({ what: 'give', from: 'child' });
    }
    if (results.length === 12) {
      console.log(results.sort().join('\n'));
      child.disconnect();
    }
  });
  child.on('exit', (code, signal) => console.log('exit', code, signal));
  give(child, 'parent');
}

// give sends one handle of each type, and for a socket is its other end.
function give(peer, from) {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    peer.send({ what: 'server' }, server, () => server.close());
  });
  const raw = net.createServer().listen(0, '127.0.0.1', () => {
    peer.send({ what: 'raw server' }, raw._handle, () => raw.close());
  });
  const unix = net.createServer().listen(`${pipe}.${from}`, () => {
    fs.renameSync(`${pipe}.${from}`, `${pipe}.${from}.kept`); // so that closing it leaves it in place
    peer.send({ what: 'unix server', path: `${pipe}.${from}.kept` }, unix, () => unix.close());
  });
  const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    peer.send({ what: 'udp' }, udp, () => udp.close());
  });
  for (const keepOpen of [false, true]) {
    const accepting = net.createServer({ pauseOnConnect: true }, (socket) => {
      peer.send({ what: `socket, ${keepOpen}` }, socket, { keepOpen }, () => keepOpen && socket.destroy());
      accepting.close();
    }).listen(0, '127.0.0.1', () => {
      net.connect(accepting.address().port, '127.0.0.1').setEncoding('utf8').on('data', function(text) {
        this.end(text.toUpperCase());
      });
    });
  }
}

// use says what one can do with a handle.
function use(what, handle, path) {
  return new Promise((resolve, reject) => {
    switch (what) {
      case 'raw server':
        const native = handle;
        handle = net.createServer().listen(native);
        return handle.once('listening', () => accept(handle, handle.address(), resolve));
      case 'server':
        return accept(handle, handle.address(), resolve);
      case 'unix server':
        return accept(handle, { path }, resolve);
      case 'udp':
        const { port } = handle.address();
        handle.on('message', (text) => {
          handle.close();
          resolve(`${text} on udp`);
        });
        const sender = dgram.createSocket('udp4');
        return sender.send('sent', port, '127.0.0.1', () => sender.close());
      default:
        let text = '';
        handle.setEncoding('utf8').on('data', (data) => text += data).on('end', () => {
          handle.end();
          resolve(text);
        }).on('error', reject).write('hello');
        handle.resume();
    }
  });
}

function accept(server, address, resolve) {
  server.once('connection', (socket) => {
    socket.end();
    server.close();
    resolve(`accepted a connection to ${Object.keys(address)}`);
  });
  net.connect(address).resume();
}

process.on('exit', () => {
  for (const from of ['parent', 'child']) {
    fs.rmSync(`${pipe}.${from}.kept`, { force: true });
  }
});
