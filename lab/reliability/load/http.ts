import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** What came back, or that nothing did. */
export interface Answer {
  /** 0: no answer. */
  readonly status: number;
  /** `detail` of the service's JSON, `nginx` for a page of the proxy's own, or the code of a broken connection. */
  readonly detail: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  /** Unit: milliseconds, as `performance.now()`. */
  readonly sentAt: number;
  readonly ms: number;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
}

/** Connections are kept, as browsers and other services do. */
const agent = new Agent({ keepAlive: true, maxSockets: 1_000, timeout: 30_000 });
const TIMEOUT_MS = 40_000;

/** Sends one request, once. Never throws. */
export function send(url: string, { method, headers = {}, form }: Call = {}): Promise<Answer> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const sentAt = performance.now();
  return new Promise((resolve) => {
    const finish = (status: number, detail: string, text = '', received: IncomingHttpHeaders = {}) => {
      resolve({ status, detail, body: text, headers: received, sentAt, ms: performance.now() - sentAt });
    };
    const sent = request(
      url,
      {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        agent,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          ...headers,
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          finish(status, detailOf(text), text, response.headers);
        });
        response.on('error', (error: NodeJS.ErrnoException) => finish(0, error.code ?? error.message));
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => finish(0, error.code ?? error.message));
    sent.end(body);
  });
}

function detailOf(text: string): string {
  if (/<center>nginx/.test(text)) return 'nginx';
  if (!text.startsWith('{')) return '';
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' ? detail : '';
  } catch {
    return 'half a body';
  }
}
