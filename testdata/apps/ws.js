const { WebSocketServer } = require('ws');
const server = require('http').createServer();
const sockets = new WebSocketServer({ server });
process.on('SIGTERM', () => {
  server.close();
  for (const client of sockets.clients) client.close(1001);
});
server.listen(process.env.PORT);
