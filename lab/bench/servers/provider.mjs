// The embedded provider in a process of its own. Tells when asked how long it took to be there.
const times = start();
// At once: whoever asks does so as soon as the port is open.
process.on('message', async (message) => {
  if (message === 'times') process.send(await times);
});

async function start() {
  const began = performance.now();
  const { startDevIdp } = await import('../../../packages/testing/dist/index.js');
  const imported = performance.now();
  const idp = await startDevIdp({ realmFile: process.env.REALM_FILE, port: Number(process.env.PORT) });
  const response = await fetch(`${idp.issuer}/.well-known/openid-configuration`);
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  const ready = performance.now();
  // `performance.now()` counts from the start of the process.
  return { processMs: ready, importMs: imported - began, startMs: ready - imported };
}
