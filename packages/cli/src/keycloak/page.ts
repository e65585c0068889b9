import type { Answer } from './call.ts';

/** The words of an HTML page, on one line. Each character is read once: the server that sent it may be anybody's. */
export function toPageText(html: string): string {
  const lower = html.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const start = lower.indexOf('<body');
  const end = lower.lastIndexOf('</body>');
  const [from, to] = start !== -1 && end > start ? [start, end] : [0, html.length];
  let text = '';
  for (let at = from; at < to; ) {
    const tag = html.indexOf('<', at);
    if (tag === -1 || tag >= to) {
      text += html.slice(at, to);
      break;
    }
    text += `${html.slice(at, tag)} `;
    const [, hidden] = /^<(script|style)/.exec(lower.slice(tag, tag + 7)) ?? [];
    const close = hidden === undefined ? tag : lower.indexOf(`</${hidden}`, tag);
    const last = close === -1 ? -1 : html.indexOf('>', close);
    // A tag that nothing closes is text; a program that nothing closes is none.
    if (last === -1 && hidden === undefined) text += html.slice(tag, to);
    at = last === -1 ? to : last + 1;
  }
  return text
    .replace(/&#39;|&apos;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A short description of an answer, with Keycloak's own text if there is any. */
export function toWords(answer: Answer): string {
  if (answer.status === 0) return answer.failure ?? 'no answer';
  const { json, headers } = answer;
  const challenge = headers.get('www-authenticate');
  const location = headers.get('location');
  if (json?.error !== undefined) {
    const description = json.error_description === undefined ? '' : `: ${json.error_description}`;
    return `HTTP ${answer.status} ${json.error}${description}`;
  }
  if (challenge) return `HTTP ${answer.status} ${challenge}`;
  if (location) return `HTTP ${answer.status} to ${location.split('?')[0]}`;
  const text = answer.text.includes('<') ? toPageText(answer.text) : answer.text;
  return `HTTP ${answer.status} ${text.slice(0, 160)}`.trim();
}
