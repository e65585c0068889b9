import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, type Call, send } from './http.ts';

/** As much of a browser as a sign-in needs: cookies by host, redirects, Keycloak's form. */
export interface Browser {
  /** A request with the cookies of its host; redirects are not followed. */
  visit(url: string, call?: Call): Promise<Answer>;
  /** The whole way from `/auth/login` to the page after it. The last answer, or the first that is wrong. */
  signIn(apiUrl: string, username: string, password: string): Promise<Answer>;
  /** For the `cookie` header. */
  cookiesFor(url: string): string;
}

export function openBrowser(): Browser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: string) => {
    const { host } = new URL(url);
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    return jar;
  };
  const cookiesFor = (url: string) => [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');

  async function visit(url: string, call: Call = {}): Promise<Answer> {
    const answer = await send(url, { ...call, headers: { cookie: cookiesFor(url), ...call.headers } });
    keep(jarOf(url), answer.headers);
    return answer;
  }

  return {
    visit,
    cookiesFor,
    async signIn(apiUrl, username, password) {
      const begun = await visit(`${apiUrl}/auth/login`);
      const toKeycloak = begun.headers.location;
      if (begun.status !== 303 || toKeycloak === undefined) return begun;
      const page = await visit(toKeycloak);
      const action = /action="([^"]+)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&');
      if (page.status !== 200 || action === undefined) return atKeycloak(page);
      const back = await visit(new URL(action, toKeycloak).href, { form: { username, password } });
      if (back.status !== 302 || back.headers.location === undefined) return atKeycloak(back);
      const done = await visit(back.headers.location);
      return { ...done, ms: done.sentAt + done.ms - begun.sentAt };
    },
  };
}

/** Not an answer of the service: it was Keycloak itself that was asked. */
function atKeycloak(answer: Answer): Answer {
  return { ...answer, detail: `at Keycloak: ${answer.detail || answer.status}` };
}

function keep(jar: Map<string, string>, headers: IncomingHttpHeaders): void {
  for (const line of headers['set-cookie'] ?? []) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
}
