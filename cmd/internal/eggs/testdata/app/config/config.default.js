'use strict';

module.exports = { keys: 'eggs' };
