// The load of tokens.lua, for machines without wrk. It is fetched here, once: an installation of the repository can do without it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../node_modules/.cache/autocannon/', import.meta.url));
if (!existsSync(`${folder}node_modules/autocannon`)) {
  mkdirSync(folder, { recursive: true });
  execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', 'autocannon@9.0.0'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
const autocannon = createRequire(folder)('autocannon');

const load = JSON.parse(process.argv[2]);
const tokens = readFileSync(load.tokens, 'utf8')
  .trim()
  .split('\n')
  .slice(load.first - 1, load.first - 1 + load.count);
let at = 0;
const next = () => {
  if (at === tokens.length) {
    at = 0;
    if (load.whenUsedUp === 'stop') run.stop();
  }
  return tokens[at++];
};
const setupRequest = (request) => ({
  ...request,
  headers: {
    [load.header.name]: load.header.prefix + next(),
    ...(load.also && { [load.also.name]: load.also.value }),
  },
});

const started = process.hrtime.bigint();
const run = autocannon({
  url: load.url,
  connections: load.connections,
  duration: load.seconds,
  requests: [{ setupRequest }],
});
const result = await run;
process.stdout.write(
  `${JSON.stringify({
    requests: result.requests.total,
    seconds: Number(process.hrtime.bigint() - started) / 1e9,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    refused: result.non2xx,
    failed: result.errors,
  })}\n`,
);
