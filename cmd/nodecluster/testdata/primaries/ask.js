// What the programs beside it ask of their workers' servers.
const http = require('http');
const { once } = require('events');

// ask gives what a request on a connection of its own is answered with.
exports.ask = (port, path = '/') => new Promise((resolve, reject) => {
  http.get({ host: '127.0.0.1', port, path, agent: false }, (res) => {
    let text = '';
    res.setEncoding('utf8').on('data', (data) => text += data).on('end', () => resolve(text));
  }).on('error', reject);
});

// spread gives the answers that came, asking one time after the other.
exports.spread = async (port, requests) => {
  const answers = new Set();
  for (let i = 0; i < requests; i++) {
    answers.add(await exports.ask(port));
  }
  return [...answers].sort();
};

// listening gives the address of the n workers forked last.
exports.listening = async (cluster, n) => {
  let address;
  for (let i = 0; i < n; i++) {
    [, address] = await once(cluster, 'listening');
  }
  return address;
};
