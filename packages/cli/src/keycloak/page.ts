import type { Answer } from './call.ts';

/** The words of an HTML page, on one line. */
export function toPageText(html: string): string {
  const body = /<body[\s\S]*<\/body>/i.exec(html)?.[0] ?? html;
  return body
    .replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]+>/g, ' ')
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
