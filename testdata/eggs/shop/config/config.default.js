'use strict';

module.exports = {
  keys: 'shop',
  cluster: { listen: process.env.SHOP_SOCKET ? { path: process.env.SHOP_SOCKET } : { port: Number(process.env.SHOP_PORT ?? 7001) } },
  view: { mapping: { '.html': 'nunjucks' } },
};
