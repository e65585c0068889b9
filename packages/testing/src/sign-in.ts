import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { Readable } from 'node:stream';
import { arrayBuffer } from 'node:stream/consumers';

/** A person who is signed in at an application: cookies by origin, redirects, and Keycloak's form where it is shown. */
export interface SignedIn {
  /** The page that the sign-in led to. */
  readonly response: Response;
  /** Its URL. */
  readonly url: string;
  /** A request with the cookies of its origin, as a script of the application sends it: with `Origin`, unless it is a GET. Redirects are not followed. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  /** Opens a page as a person does: follows redirects, and signs in where Keycloak asks again. */
  open(url: string): Promise<{ readonly response: Response; readonly url: string }>;
  /** The cookies of an origin, for a `Cookie` header. */
  cookie(url: string): string;
}

const PAGE = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  ...{ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
};

/** `fetch` without what Node's own adds by itself: `Sec-Fetch-Mode: cors`, which no page is asked for with. */
export async function plainFetch(url: string, init?: RequestInit): Promise<Response> {
  const { method, headers, body, signal } = new Request(url, init);
  const content = body === null ? undefined : Buffer.from(await arrayBuffer(body));
  const sent = (url.startsWith('https:') ? overHttps : overHttp)(url, {
    method,
    signal,
    headers: {
      ...Object.fromEntries(headers),
      ...(content && { 'content-length': content.length }),
    },
  }).end(content);
  return new Promise((resolve, reject) => {
    sent.on('error', reject).on('response', (answer) => {
      const received = new Headers();
      // As they came: see `toHeaders` of keycloak-guard, which this package does not need.
      const { rawHeaders } = answer;
      for (let at = 0; at < rawHeaders.length; at += 2)
        received.append(rawHeaders[at] as string, rawHeaders[at + 1] as string);
      const toResponse = (content: ArrayBuffer | ReadableStream | null) =>
        new Response(content, { status: answer.statusCode ?? 0, headers: received });
      // Of events there is no end to wait for.
      if (received.get('content-type')?.startsWith('text/event-stream'))
        resolve(toResponse(Readable.toWeb(answer) as ReadableStream));
      else
        arrayBuffer(answer)
          .then((bytes) => toResponse(bytes.byteLength === 0 ? null : bytes))
          .then(resolve, reject);
    });
  });
}

/** A browser of somebody who is not signed in yet. */
export function openBrowser(username: string, password: string, send = plainFetch) {
  const jars = new Map<string, Map<string, string>>();
  const cookiesOf = (url: string) => {
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  const cookie = (url: string) => [...cookiesOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');

  async function fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const jar = cookiesOf(url);
    if (jar.size > 0) headers.set('cookie', cookie(url));
    const response = await send(url, { ...init, headers, redirect: 'manual' });
    // Without a clock of the answer, the beginning of time is over.
    const sentAt = Date.parse(response.headers.get('date') ?? '1970-01-01');
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const [, age] = /;\s*max-age=(-?\d+)/i.exec(line) ?? [];
      const [, end = ''] = /;\s*expires=([^;]+)/i.exec(line) ?? [];
      if (age === undefined ? Date.parse(end) <= sentAt : Number(age) <= 0) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  async function open(start: string) {
    let url = start;
    const visited = [url];
    /** The form that was sent last, and whether Keycloak led on from it. */
    let [form, isBack] = ['', false];
    let request: RequestInit = { headers: PAGE };
    let response = await fetch(url, request);
    for (let requests = 1; requests < 20; requests++) {
      const location = response.headers.get('location');
      if (location !== null) {
        url = new URL(location, url).href;
        visited.push(url);
        // These two send the same again (RFC 9110 §15.4).
        if (![307, 308].includes(response.status)) [request, isBack] = [{ headers: PAGE }, form !== ''];
        if (!/^https?:/.test(url)) break;
        response = await fetch(url, request);
        continue;
      }
      const page = await response.clone().text();
      const [, action = ''] = /<form id="kc-form-login"[^>]* action="([^"]+)"/.exec(page) ?? [];
      // Of a realm with organizations two pages: for the name, then for the password. What is asked for again was wrong.
      const asks = page.includes('name="password"') ? 'password' : 'name';
      if (action === '' || form === asks || form === 'password') break;
      [form, isBack] = [asks, false];
      request = { method: 'POST', headers: PAGE, body: new URLSearchParams({ username, password }) };
      url = new URL(action.replaceAll('&amp;', '&'), url).href;
      response = await fetch(url, request);
    }
    return { response, url, visited, isAsked: form !== '', isBack };
  }
  return { fetch, open, cookie, cookiesOf };
}

/**
 * Signs in without a browser: opens a page of an application, fills in the form of Keycloak or the embedded provider, and comes back.
 * The password goes to the address of that form, as in a browser.
 *
 * @param url a page for which the application asks people to sign in, or the address of its login
 * @throws {Error} (rejects with one) if nobody is asked, or the person does not come back: with the words of the last page
 * @example
 * const ann = await signIn('http://localhost:3000/me', { username: 'ann', password: 'Secret#1' });
 * const answer = await ann.fetch('http://localhost:3000/orders', { method: 'POST' });
 */
export async function signIn(
  url: string,
  { username, password }: { username: string; password: string },
): Promise<SignedIn> {
  const browser = openBrowser(username, password);
  const { open, cookie } = browser;
  const { response, url: end, ...led } = await open(url);
  const { origin } = new URL(url);
  const last = new URL(end);
  const has = (name: string) => last.searchParams.has(name);
  // A callback that signed somebody in leads on.
  const isCallback = has('state') && (has('code') || has('error'));
  if (led.isBack && last.origin === origin && !isCallback)
    return {
      ...{ response, url: end, open, cookie },
      fetch(url, init = {}) {
        const headers = new Headers(init.headers);
        if (!/^(get|head)$/i.test(init.method ?? 'get') && !headers.has('origin'))
          headers.set('origin', origin);
        return browser.fetch(url, { ...init, headers });
      },
    };
  const isAsked = led.isAsked || last.origin !== origin;
  const what = isAsked ? `led ${username} to ${last.origin}${last.pathname}` : 'asked nobody to sign in';
  const words = (await response.text())
    .replace(/<(head|script|style)\b.*?<\/\1>|<[^>]*>|\s/gs, ' ')
    .replace(/ +/g, ' ');
  throw new Error(`${url} ${what}: ${response.status} ${words.trim().slice(0, 500)}`);
}
