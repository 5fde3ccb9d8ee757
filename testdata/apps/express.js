const cluster = require('cluster');
const express = require('express');

const app = express();

app.get('/', (req, res) => {
  res.json({
    pid: process.pid,
    worker: cluster.worker && cluster.worker.id,
  });
});

const server = app.listen(process.env.PORT, () => {
  console.log(`listening on ${server.address().port}`);
});
