// A server of Socket.IO as its documentation has it, which says who it is, and does what its clients ask.
const http = require('http');
const { Server } = require('socket.io');
const { createAdapter } = require(process.env.ADAPTER || '@socket.io/cluster-adapter');

const server = http.createServer();
const io = new Server(server);
io.adapter(createAdapter());

for (const nsp of [io, io.of('/chat')]) {
  nsp.on('connection', (socket) => {
    socket.emit('worker', process.pid);
    socket.on('say', (what) => nsp.emit('said', what));
    socket.on('whisper', (room, what) => nsp.to(room).emit('said', what));
    socket.on('gather', (ids, room, done) => { nsp.in(ids).socketsJoin(room); done(); });
    socket.on('fetch', (done) => nsp.fetchSockets().then((all) => done(all.map((s) => s.id)), (e) => done(e.message)));
    socket.on('ask', (done) => nsp.serverSideEmit('who', (e, answers) => done(e ? e.message : answers)));
    socket.on('poll', (done) => nsp.timeout(20_000).emit('poll', (e, answers) => done(e ? e.message : answers)));
    socket.on('kick', (id) => nsp.in(id).disconnectSockets(true));
  });
}
io.on('who', (answer) => answer(process.pid));
io.of('/chat').on('who', (answer) => answer(process.pid));
server.listen(process.env.PORT);
