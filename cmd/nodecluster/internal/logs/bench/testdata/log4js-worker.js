'use strict';
// Logs lines as fast as the primary takes them: after some of them it waits until the channel has them.
const log4js = require('log4js');
log4js.configure({ appenders: { all: { type: 'stdout' } }, categories: { default: { appenders: ['all'], level: 'info' } } });
const logger = log4js.getLogger('app');
const text = 'x'.repeat(60);
function log() {
  for (let i = 0; i < 100; i++) logger.info(text);
  process.send('logged', () => setImmediate(log));
}
log();
