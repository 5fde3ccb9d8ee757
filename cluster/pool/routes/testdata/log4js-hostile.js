// Its instance 0 sends what breaks log4js's protocol, in each field, and then logs a line as it should. The others are workers that log.
const { NODECLUSTER_INSTANCE, SERIALIZATION } = process.env;
if (NODECLUSTER_INSTANCE !== '0') require('./log4js.js');
else sendWrong();

function sendWrong() {
  const log4js = require('log4js');
  log4js.configure({ appenders: { all: { type: 'stdout' } }, categories: { default: { appenders: ['all'], level: 'trace' } } });
  const logger = log4js.getLogger('hostile');
  const { send } = process;
  let right;
  process.send = (message) => { right = message; };
  logger.info('right', { list: [1, 'two'] }, new Error('broken'));
  process.send = send;

  const values = [
    undefined, null, true, 0, -1, 1e300, '', '0', '1', '-1', '99999999999999999999', 'x', '__LOG4JS_undefined__', '\ud800\0\x1b[31m\n',
    'x'.repeat(1 << 18), '\n'.repeat(1 << 16), [], ['0'], [[]], {}, { a: '0' }, { level: 1e9, levelStr: 'x'.repeat(1 << 16) },
  ];
  if (SERIALIZATION === 'advanced') values.push(12n, new Map([[1, 2]]), Buffer.alloc(1 << 16), new Date(NaN));
  const sendTable = (table) => process.send({ ...right, data: JSON.stringify(table) });
  const table = JSON.parse(right.data);
  for (const value of values) {
    for (const field of ['topic', 'data']) process.send({ ...right, [field]: value });
    if (typeof value === 'bigint' || value instanceof Map) continue;
    table.forEach((part, i) => {
      sendTable(Object.assign([...table], { [i]: value }));
      for (const key of typeof part === 'object' ? Object.keys(part) : []) {
        const changed = Object.assign(Array.isArray(part) ? [] : {}, part, { [key]: value });
        sendTable(Object.assign([...table], { [i]: changed }));
        // The value in its own place in the table, as flatted has it.
        sendTable([...Object.assign([...table], { [i]: Object.assign(changed, { [key]: String(table.length) }) }), value]);
      }
    });
  }
  sendShapes(table, sendTable);
  for (let n = 1; n < right.data.length; n += 7) process.send({ ...right, data: right.data.slice(0, n) });
  logger.info('the last line');
  process.send('sent', () => log4js.shutdown(() => process.exit()));
}

// sendShapes sends data that is deep, huge and contains itself.
function sendShapes(table, sendTable) {
  const sendData = (...parts) => {
    const [root] = table;
    sendTable([{ ...root, data: String(table.length) }, ...table.slice(1)].concat(parts.map((part) => part(table.length))));
  };
  const to = (...places) => toAll(places);
  const toAll = (places) => (base) => places.map((place) => String(base + place));
  const count = (n, part) => Array.from({ length: n }, (_, i) => part(i));
  sendData(...count(5e4, (i) => to(i + 1)), to(0)); // deep
  sendData(to(0, 0, 0)); // it contains itself
  sendData(to(1, 2), (base) => ({ a: String(base + 2) }), (base) => ({ b: String(base + 1), c: String(base) })); // they contain each other
  sendData(toAll(count(1000, () => 1)), toAll(count(1000, () => 2)), toAll(count(1000, () => 1))); // 1000 to the depth
  sendData((base) => [String(base + 1), ...count(1000, () => String(base + 2))], () => '%s%j%o%O%d'.repeat(1000), () => 'y'.repeat(1 << 20));
  sendData(toAll(count(6e5, () => 0))); // more values than are read
  for (const size of [4 << 20, 30 << 20]) sendData(to(1), () => 'z'.repeat(size));
  process.send({ topic: 'log4js:message', data: '['.repeat(1e6) });
}
