const { worker } = require('cluster');
const server = require('http').createServer();
const io = new (require('socket.io').Server)(server);
require('@socket.io/sticky').setupWorker(io);

io.on('connection', (socket) => {
	socket.emit('served', worker.id);
	socket.on('ask', (text, answer) => answer(text, worker.id));
});
process.send('ready');
