// Aggregates with the package what each case of standard input has: the registries of all workers, in their order.
'use strict';
const { AggregatorRegistry } = require('prom-client');

let input = '';
process.stdin.on('data', (text) => { input += text; });
process.stdin.on('end', async () => {
	const texts = [];
	const revive = (_, value) => (value && typeof value.number === 'string' ? Number(value.number) : value); // such as NaN
	for (const registries of JSON.parse(input, revive)) texts.push(await AggregatorRegistry.aggregate(registries).metrics());
	process.stdout.write(JSON.stringify(texts));
});
