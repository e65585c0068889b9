// A server whose guard follows Keycloak's events, with what is shared in Redis: a process of its own, to be killed.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { createFileCursor } from '../../packages/guard/src/events/index.ts';
import { createRedisRevocationStore, openRedis } from '../../packages/guard/src/redis/index.ts';

export interface EventsProcess {
  readonly serverUrl: string;
  readonly redisUrl: string;
  /** Where the position among changes of users is kept, if not in Redis. */
  readonly cursorFile?: string;
  /** Sends every change of a user to the parent process, which answers when it is handled. */
  readonly tellsChanges?: boolean;
}

const options = JSON.parse(process.argv[2] ?? '{}') as EventsProcess;
process.once('disconnect', () => process.exit());
const redis = openRedis({ url: options.redisUrl, timeoutMs: 10_000, onNotice: false });
const kc = keycloak({
  ...{ serverUrl: options.serverUrl, realm: 'testing', clientId: 'fastapi-keycloak' },
  ...{
    clientSecret: 'for-development-only',
    revocationStore: createRedisRevocationStore(redis),
    onNotice: false,
  },
});
const news = kc.events(
  options.cursorFile === undefined ? {} : { cursor: createFileCursor(options.cursorFile) },
);
if (options.tellsChanges) {
  const answers = new Map<string, () => void>();
  process.on('message', (id: string) => answers.get(id)?.());
  const handle = ({ id, kind, subject }: { id: string; kind: string; subject: string }) =>
    new Promise<void>((resolve) => {
      answers.set(id, resolve);
      process.send?.({ id, kind, subject });
    });
  news.onUser({ created: handle, changed: handle, disabled: handle, deleted: handle, rolesChanged: handle });
}
const answer = kc.guard();
const server = createServer((request, response) => {
  if (request.url === '/status') response.end(JSON.stringify(news.status()));
  else answer(request, response, () => response.end('hello'));
});
// At once: whoever comes too early has to wait, not to be let in.
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
