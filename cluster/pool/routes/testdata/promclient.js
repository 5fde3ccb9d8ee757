// A server that counts what it does with prom-client, in all ways that the package aggregates.
'use strict';
const cluster = require('cluster');
const http = require('http');
const client = require('prom-client');

new client.AggregatorRegistry();
client.collectDefaultMetrics();
client.register.setDefaultLabels({ zone: 'a"b\\c\nd' });
const second = new client.Registry();
client.AggregatorRegistry.setRegistries([client.register, second]);

const labelNames = ['method', 'code'];
const requests = new client.Counter({ name: 'requests_total', help: 'Requests \\ of\nclients.', labelNames });
const seconds = new client.Histogram({ name: 'request_seconds', help: 'How long.', labelNames, buckets: [1e-7, 0.005, 0.25, 1] });
const sizes = new client.Summary({ name: 'request_bytes', help: 'How large.', labelNames, percentiles: [0.5, 0.999] });
const other = new client.Counter({ name: 'others_total', help: 'In a registry of its own.', labelNames: ['app'], registers: [second] });
for (const aggregator of ['sum', 'first', 'min', 'max', 'average', 'omit']) {
	const gauge = new client.Gauge({ name: `gauge_${aggregator}`, help: aggregator, labelNames: ['fraction'], aggregator });
	gauge.set({ fraction: 0.1 }, cluster.worker.id);
	gauge.set({ fraction: 1e21 }, 1 / cluster.worker.id);
}
new client.Gauge({ name: 'nodecluster_gauge', help: 'A name of the primary\'s.' }).set(1);

let served = 0;
http.createServer((request, response) => {
	const labels = { method: request.method, code: 200 };
	requests.inc(labels);
	seconds.observe(labels, (served++ % 7) / 5);
	sizes.observe(labels, served);
	other.inc({ app: 'mine' }, 0.1);
	response.end();
}).listen(Number(process.env.PORT), '127.0.0.1');
