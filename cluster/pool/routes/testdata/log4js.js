// A worker that logs as many lines as it is told, of each the number, and ends when the channel has them.
const log4js = require('log4js');
log4js.configure({
  pm2: Boolean(process.env.PM2),
  appenders: { all: process.env.FILE ? { type: 'file', filename: process.env.FILE } : { type: 'stdout' } },
  categories: { default: { appenders: ['all'], level: 'trace' } },
});
const logger = log4js.getLogger('app');
const first = process.env.PM2 && process.env.NODE_APP_INSTANCE === '0';

function logAll() {
  const circular = { name: 'wörld 🎉' };
  circular.self = circular;
  logger.info('hello %s', circular.name, circular, NaN, undefined);
  logger.error('failed:', Object.assign(new TypeError('broken'), { code: 'E_BROKEN' }));
  logger.warn('two\nlines');
  logger.mark('long ' + 'x'.repeat(1 << 20));
  for (let i = 0; i < Number(process.env.LINES); i++) logger.debug('line %d of', i, process.pid);
  process.send('logged', () => log4js.shutdown(() => process.exit()));
}

if (!process.env.PM2) logAll();
else require('http').createServer(() => {}).listen(process.env.PORT, () => process.send(first ? 'first' : 'listening'));
process.on('SIGUSR2', logAll);
