// Loaded into every process that is measured: tells what it used so far, and ends with the benchmark.
if (process.send) {
  process.on('message', (message) => {
    if (message !== 'usage') return;
    process.send({ cpu: process.cpuUsage(), memory: process.memoryUsage() });
  });
  process.on('disconnect', () => process.exit());
  process.channel.unref();
}
