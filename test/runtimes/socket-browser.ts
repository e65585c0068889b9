import { request } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { type Browser, openBrowser } from '../session/browser.ts';

/**
 * A browser before an app that listens elsewhere than it believes to. Paths are below `base`, as are its own. By
 * `node:http`, for `fetch` says itself what mode it has, and that is none of a page.
 */
export function openSocketBrowser(base: string): Browser {
  const { origin, pathname } = new URL(base);
  const inject = ({ url, method = 'GET', headers }: Given) =>
    new Promise((resolve, reject) => {
      const path = url.startsWith(`${pathname}/`) ? url : `${pathname}${url}`;
      const { host: _host, ...sent } = headers;
      const calling = request(`${origin}${path}`, { method, headers: sent }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.on('end', () => resolve({ statusCode: answer.statusCode, headers: answer.headers, body }));
      });
      calling.on('error', reject).end();
    });
  return openBrowser({ inject } as unknown as FastifyInstance);
}

interface Given {
  readonly url: string;
  readonly method?: string;
  readonly headers: Record<string, string>;
}
