'use strict';

const { write } = require('../../lib/experience');

exports.schedule = { type: 'worker', interval: '1h', immediate: true, disable: !process.env.SHOP_SCHEDULES };

exports.task = async () => write('task', { type: 'worker' });
