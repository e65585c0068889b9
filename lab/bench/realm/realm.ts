import { spawn } from 'node:child_process';
import { ask, here, onCore, stop } from '../processes.ts';
import { createKey, REALM, type RealmKey } from './tokens.ts';

export interface Realm {
  readonly serverUrl: string;
  readonly issuer: string;
  /** The key that signs now. */
  readonly key: RealmKey;
  /** Publishes another key beside those that are published, and signs with it. */
  rotate(next?: RealmKey): Promise<RealmKey>;
  calls(): Promise<
    Record<'discovery' | 'certs' | 'userinfo' | 'introspection' | 'permissions' | 'resources', number>
  >;
  close(): Promise<void>;
}

/** Starts the stand-in for Keycloak, on the core of the load generator. */
export async function startRealm(): Promise<Realm> {
  const [command, args] = onCore('load', process.execPath, [here('realm/server.mjs')]);
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, REALM },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { port } = await new Promise<{ port: number }>((resolve) => child.once('message', resolve as never));
  const keys: RealmKey[] = [];
  const serverUrl = `http://127.0.0.1:${port}`;

  async function rotate(next?: RealmKey): Promise<RealmKey> {
    const key = next ?? (await createKey());
    keys.unshift(key);
    await ask(child, { jwks: { keys: keys.slice(0, 3).map(({ jwk }) => jwk) } });
    return key;
  }
  await rotate();
  return {
    serverUrl,
    issuer: `${serverUrl}/realms/${REALM}`,
    get key() {
      return keys[0] as RealmKey;
    },
    rotate,
    async calls() {
      return ((await ask(child, {})) as { calls: Awaited<ReturnType<Realm['calls']>> }).calls;
    },
    close: () => stop(child),
  };
}
