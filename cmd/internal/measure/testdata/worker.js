'use strict';
require('http').createServer((request, response) => response.end(`${process.pid}`)).listen(Number(process.env.PORT));
