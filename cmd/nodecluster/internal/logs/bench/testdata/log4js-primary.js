'use strict';
// A cluster primary in Node with log4js's own part of the primary, whose appender is in the environment.
const cluster = require('cluster');
const log4js = require('log4js');
const { APPENDER, SCRIPT, SERIALIZATION, WORKERS } = process.env;
log4js.configure({ appenders: { all: JSON.parse(APPENDER) }, categories: { default: { appenders: ['all'], level: 'info' } } });
cluster.setupPrimary({ exec: SCRIPT, serialization: SERIALIZATION });
for (let i = 0; i < WORKERS; i++) cluster.fork();
