'use strict';

const { write } = require('../../lib/experience');

exports.schedule = { type: 'all', interval: '1h', immediate: true, disable: !process.env.SHOP_SCHEDULES };

exports.task = async () => write('task', { type: 'all' });
