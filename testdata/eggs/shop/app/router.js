'use strict';

module.exports = (app) => {
  const { router, controller } = app;
  router.get('/', controller.home.index);
  router.get('/page', controller.home.page);
  router.get('/slow', controller.home.slow);
};
