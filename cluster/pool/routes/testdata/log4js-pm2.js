// A worker of log4js with settings such as pm2, whose appender writes to a file of its own. It logs as many lines as it is told, of each the
// number. The instance 0 lives on, since it may have to write what the others log.
const log4js = require('log4js');
const { FOLDER, LINES, NODE_APP_INSTANCE, SETTINGS } = process.env;
log4js.configure({
  appenders: { all: { type: 'file', filename: `${FOLDER}/${process.pid}.log`, layout: { type: 'pattern', pattern: 'appender [%d] [%p] %c - %m' } } },
  categories: { default: { appenders: ['all'], level: 'trace' } },
  ...JSON.parse(SETTINGS),
});
const logger = log4js.getLogger('app');
for (let i = 0; i < Number(LINES); i++) logger.debug('line %d of', i, process.pid);
logger.info('two\nlines, the last of %d', process.pid);
const end = () => log4js.shutdown(() => process.exit());
if (NODE_APP_INSTANCE === '0') {
  process.on('disconnect', end);
  process.on('SIGTERM', () => {});
} else process.send('logged', end);
