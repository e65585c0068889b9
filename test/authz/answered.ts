import assert from 'node:assert/strict';
import { AuthError } from '../../packages/guard/src/core/index.ts';

type Sent = {
  url: string;
  init: RequestInit;
  who: string | undefined;
  secrets: readonly string[];
  isQuestion?: boolean;
};
export type Reply = readonly [status: number, body: unknown];

/** What questions are asked with. @param replies the answers, in order; the last one is given again */
export function createContext(...replies: readonly Reply[]) {
  const sent: Sent[] = [];
  const context = {
    issuer: { baseUrl: 'https://sso.test/realms/a', endpoints: { token: 'https://sso.test/token' } },
    ...{ clientId: 'my-api', permissionMs: 1_000, clock: () => 0 },
    credential: {
      secrets: () => ['the-secret'],
      authenticate: (_: unknown, send: (by: object) => unknown) =>
        send({ headers: { 'x-by': 'me' }, fields: { client_id: 'my-api' } }),
    },
    calls: {
      call: async (url: string, request: Omit<Sent, 'url'>) => {
        sent.push({ url, ...request });
        const [status, body] = replies[Math.min(sent.length, replies.length) - 1] as Reply;
        return {
          status,
          body: typeof body === 'string' ? body : JSON.stringify(body),
          headers: new Headers(),
        };
      },
    },
  };
  return { context: context as never, sent };
}
/** What it comes to: the code of a refusal. */
export const codeOf = (act: () => Promise<unknown>) =>
  act().then(
    (answer) => answer,
    (error) => {
      assert.ok(error instanceof AuthError, String(error));
      assert.doesNotMatch(error.message, /the-secret/);
      return error.code;
    },
  );
export const refused = (error: string, error_description?: string) => ({ error, error_description });
