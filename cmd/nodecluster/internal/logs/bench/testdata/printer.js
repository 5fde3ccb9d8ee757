// Prints LINES lines of 100 bytes a second, one by one, a hundredth of them every 10 ms, and one more if it has fallen behind.
const perTick = process.env.LINES / 100;
const line = 'x'.repeat(99) + '\n';
let due = Date.now();
setInterval(() => {
	for (let ticks = 0; due <= Date.now() && ticks < 2; ticks++, due += 10) {
		for (let i = 0; i < perTick; i++) process.stdout.write(line);
	}
	due = Math.max(due, Date.now() - 10);
}, 10);
