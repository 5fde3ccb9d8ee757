const express = require('express5');
const app = express();
app.get('/', (req, res) => setTimeout(() => res.send('served'), 20 * Math.random()));
const server = app.listen(process.env.PORT);
if (process.env.HANDLER) process.once('SIGTERM', () => server.close());
