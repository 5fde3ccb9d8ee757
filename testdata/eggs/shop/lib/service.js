'use strict';

// The service that the shop depends on: it tells when a process may go on.
const cluster = require('node:cluster');
const http = require('node:http');

// ask resolves once the service has answered, and rejects where it refuses.
exports.ask = (question) => new Promise((resolve, reject) => {
  const role = cluster.isWorker ? `app${cluster.worker.id}` : 'agent';
  http.get(`${process.env.SHOP_SERVICE}/${question}?role=${role}&pid=${process.pid}`, { agent: false }, (answer) => {
    answer.resume();
    if (answer.statusCode === 200) resolve();
    else reject(new Error(`the service refuses ${question}`));
  }).on('error', reject);
});
