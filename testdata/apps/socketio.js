const server = require('http').createServer();
const io = new (require('socket.io').Server)(server, { transports: ['websocket'] });
process.on('SIGTERM', () => io.close());
server.listen(process.env.PORT);
