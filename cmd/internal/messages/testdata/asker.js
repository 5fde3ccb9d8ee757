'use strict';
// A worker that asks the others by Socket.IO's adapter, and tells the primary how many questions all have answered.
const { Server } = require('socket.io');
const { createAdapter } = require('@socket.io/cluster-adapter');
const io = new Server();
io.adapter(createAdapter());
io.on('question', (text, answer) => answer(text.length));

const { SIZE: size, IN_FLIGHT: inFlight, WORKERS: workers } = process.env;
const text = 'x'.repeat(Math.max(5, Number(size)));
const batch = Number(size) > 0 ? 5 : 50;
let answered = 0;
function ask() {
  io.serverSideEmit('question', text, (error, answers) => {
    if (error) throw error;
    if (answers.length === workers - 1 && ++answered % batch === 0) process.send({ answered: batch });
    setImmediate(ask);
  });
}
for (let i = 0; i < inFlight; i++) ask();
