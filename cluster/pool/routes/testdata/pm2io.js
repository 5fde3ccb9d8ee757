// A program with the metrics and the actions of @pm2/io.
'use strict';
const io = require('@pm2/io').init({ metrics: { http: true, eventLoop: true, v8: true } });

const { id } = require('cluster').worker;
io.metric({ name: 'Users online', unit: 'users', id: 'app/users', value: () => 10 * id });
io.metric({ name: 'Mood', value: () => (id === 1 ? 'good' : '12.50') });
io.action('greet', (reply) => reply({ from: id, nothing: null }));
io.action('set', (parameter, reply) => reply(parameter));
io.action('hang', () => {});
io.action('end', () => process.exit(3));
if (id === 2) io.action('two', (reply) => reply());
require('http').createServer((request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1');
