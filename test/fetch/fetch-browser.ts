import type { FastifyInstance } from 'fastify';
import { type Browser, ORIGIN, openBrowser } from '../session/browser.ts';

export const SECRETS = ['b7f3c1d95e0a4826b7f3c1d95e0a4826', 'a-newer-one-0d95e0a4826b7f3c1d95e0'] as const;

/** A browser before an app that takes a `Request`. */
export function openFetchBrowser(app: (request: Request) => Response | Promise<Response>): Browser {
  const inject = async (given: {
    url: string;
    method?: string;
    headers?: Record<string, string>;
    payload?: string;
  }) => {
    const { url, method = 'GET', headers = {}, payload } = given;
    const answer = await app(
      new Request(`${ORIGIN}${url}`, { method, headers, ...(payload && { body: payload }) }),
    );
    const all: Record<string, unknown> = Object.fromEntries(answer.headers);
    all['set-cookie'] = answer.headers.getSetCookie();
    return { statusCode: answer.status, headers: all, body: await answer.text() };
  };
  return openBrowser({ inject } as unknown as FastifyInstance);
}
