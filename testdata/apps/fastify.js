const cluster = require('cluster');
const fastify = require('fastify')();

fastify.get('/', async () => ({
  pid: process.pid,
  worker: cluster.worker && cluster.worker.id,
}));

fastify.listen({ port: process.env.PORT }, (err) => {
  if (err) {
    console.error(err);
    process.exit(1);
  }
  console.log(`listening on ${fastify.server.address().port}`);
});
