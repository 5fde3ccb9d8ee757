'use strict';
// Says of each message, given as a Buffer, whether Node's channel reads it: what it throws, or null. It runs with --expose-internals.
const { advanced } = require('internal/child_process/serialization');

function refusal(message) {
  const channel = {};
  advanced.initMessageChannel(channel);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(message.length);
  try {
    const read = [...advanced.parseChannelMessages(channel, Buffer.concat([size, message]))];
    return read.length === 1 ? null : `${read.length} messages`;
  } catch (error) {
    return String(error);
  }
}

process.on('message', (messages) => process.send(messages.map(refusal)));
