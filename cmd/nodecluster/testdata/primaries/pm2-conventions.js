// An application with PM2's conventions. It appends what happens to a file, with the number of its instance.
const fs = require('fs');

const place = process.env[process.env.NUMBER_IN];
const note = (text) => fs.appendFileSync(process.env.NOTES, `${place} ${text}\n`);

process.on('message', (m) => {
  note(`message ${JSON.stringify(m)}`);
  if (m === 'shutdown') process.exit(0);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    note(signal);
    process.exit(0);
  });
}
note(`started with ${process.env.NODE_APP_INSTANCE} ${process.env.PLACE} ${process.env.COUNT}`);
require('http').createServer((req, res) => res.end()).listen(process.env.PORT, '127.0.0.1', () => {
  note('listens');
  // It is ready once the test says so.
  const asking = setInterval(() => {
    if (!fs.existsSync(process.env.NOTES + '.ready')) return;
    clearInterval(asking);
    process.send('ready');
  }, 10);
});
