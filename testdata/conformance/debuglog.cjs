'use strict';
// Has what NODE_DEBUG=nodecluster says written to a file, for tests whose primary has a standard error that nobody sees.

const { appendFileSync } = require('fs');
const util = require('util');
const { debuglog, format } = util;

util.debuglog = (section, ...rest) => {
  if (section !== 'nodecluster') {
    return debuglog(section, ...rest);
  }
  return (...message) => appendFileSync(process.env.NODECLUSTER_CONFORMANCE_LOG, `${format(...message)}\n`);
};
