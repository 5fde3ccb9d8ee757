'use strict';
// Measures what this Node's own channel writes and reads messages with: its native functions, from the version on that
// has them, else the JavaScript around v8.Serializer and v8.Deserializer. Each line of input is a request.
const { advanced } = require('internal/child_process/serialization');
const { internalBinding } = require('internal/test/binding');

function nativeCodec() {
  try {
    return internalBinding('ipc_serdes');
  } catch {
    return undefined;
  }
}

const native = nativeCodec();
const channel = {
  written: undefined,
  writeBuffer(request, frame) {
    channel.written = frame;
    return 0;
  },
};
advanced.initMessageChannel(channel);

const write = native
  ? (value) => native.serialize(value, Buffer)
  : (value) => {
      advanced.writeChannelMessage(channel, {}, value);
      return channel.written;
    };
const read = native
  ? (frame) => native.deserialize(frame.subarray(4))
  : (frame) => {
      for (const message of advanced.parseChannelMessages(channel, frame)) return message;
    };

// The CPU in nanoseconds that f takes, from as many calls as take that many milliseconds of it.
function cpu(f, milliseconds) {
  for (let calls = 1; ; calls *= 2) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) f();
    const { user, system } = process.cpuUsage(before);
    if (user + system >= milliseconds * 500) return ((user + system) * 1000) / calls;
  }
}

const values = new Map();
function valueOf(expression) {
  if (!values.has(expression)) values.set(expression, eval(expression));
  return values.get(expression);
}

function answer({ expression, do: what, milliseconds }) {
  const value = valueOf(expression);
  if (what === 'write') return cpu(() => write(value), milliseconds);
  const frame = write(value);
  if (what === 'read') return cpu(() => read(frame), milliseconds);
  return frame.subarray(4).toString('base64');
}

require('readline')
  .createInterface({ input: process.stdin })
  .on('line', (line) => process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n'));
