// Keeps four workers of a script running: node primary.js SCRIPT
const cluster = require('cluster');
const path = require('path');

cluster.setupPrimary({ exec: path.resolve(process.argv[2]) });
for (let i = 0; i < 4; i++) {
  cluster.fork();
}
cluster.on('exit', () => cluster.fork());
