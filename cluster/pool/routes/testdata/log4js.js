// A worker that logs as many lines as it is told, of each the number, and ends when the channel has them.
const log4js = require('log4js');
log4js.configure({
  appenders: { all: { type: 'stdout' } },
  categories: { default: { appenders: ['all'], level: 'trace' } },
});
const logger = log4js.getLogger('app');

const circular = { name: 'wörld 🎉' };
circular.self = circular;
logger.info('hello %s', circular.name, circular, NaN, undefined);
logger.error('failed:', Object.assign(new TypeError('broken'), { code: 'E_BROKEN' }));
logger.warn('two\nlines');
logger.mark('long ' + 'x'.repeat(1 << 20));
for (let i = 0; i < Number(process.env.LINES); i++) logger.debug('line %d of', i, process.pid);
process.send('logged', () => log4js.shutdown(() => process.exit()));
