// Connects clients of each transport to the port. Each asks again and again, with short texts and long ones, and is to be served by one
// worker. When a worker dies in between, its clients connect again. At the end prints how many answers were right, and by whom.
const { io } = require('socket.io-client');
const [port, count, rounds] = process.argv.slice(2).map(Number);
const transports = [['polling'], ['websocket'], ['polling', 'websocket']];
const outcome = { right: 0, wrong: [], workers: {} };

async function client(i) {
	const socket = io(`http://127.0.0.1:${port}`, { transports: transports[i % 3], forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200 });
	let serving;
	socket.on('served', (id) => { serving = id; });
	await new Promise((resolve) => socket.once('served', resolve));
	for (let round = 0; round < rounds; round++) {
		const text = String(i).repeat(round % 2 ? 1 : 50000) + round;
		for (;;) {
			try {
				const [echo, by] = await new Promise((resolve, reject) => {
					socket.timeout(3000).emit('ask', text, (error, echo, by) => (error ? reject(error) : resolve([echo, by])));
				});
				if (echo !== text || by !== serving) outcome.wrong.push([i, round, by, serving]);
				else outcome.right++;
				outcome.workers[by] = (outcome.workers[by] || 0) + 1;
				break;
			} catch {
				// its worker has died: it asks again once it is connected
			}
		}
		if (round === 1 && i === 0) console.error('begun');
	}
	socket.close();
}

Promise.all(Array.from({ length: count }, (_, i) => client(i))).then(() => {
	console.log(JSON.stringify(outcome));
	// The package's workers leave requests of sessions unanswered that were another worker's, under its own primary too.
	process.exit();
});
