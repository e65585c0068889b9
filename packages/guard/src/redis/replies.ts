const CORRECT_URL = 'Correct user and password in the URL (REDIS_URL)';

/** Replies of Redis that refuse a client, by their first word, and the mend of each. */
const REPLIES: Readonly<Record<string, readonly [why: string, fix: string]>> = {
  WRONGPASS: ['it does not take this user and password (WRONGPASS)', CORRECT_URL],
  NOAUTH: ['it wants a password, and the URL has none (NOAUTH)', CORRECT_URL],
  NOPERM: [
    'this user may not do what is needed (NOPERM)',
    'Allow the user these commands and keys (ACL SETUSER)',
  ],
  READONLY: ['it is a read-only replica (READONLY)', 'Name the primary in the URL (REDIS_URL)'],
  OOM: ['its memory is full (OOM)', 'Raise maxmemory, or look what fills it (redis-cli --bigkeys)'],
  MISCONF: ['it cannot write to its disk (MISCONF)', "Make room on its disk; Redis's log says more"],
  LOADING: ['it is still loading its data (LOADING)', 'Wait until it has loaded them'],
};

/** The first word of a reply that refuses. */
const replyOf = (error: object): string | undefined =>
  /^[A-Z]{3,}(?= )/.exec((error as { message?: string }).message ?? '')?.[0];

/** Whether it would refuse whatever is written, by whoever writes. */
export const refusesWrites = (error: object): boolean =>
  /^(READONLY|OOM|MISCONF|LOADING|NOREPLICAS)$/.test(replyOf(error) ?? '');

/** The mend, if it is known. */
export const mendOf = (error: object): string | undefined => REPLIES[replyOf(error) ?? '']?.[1];

/**
 * Why a connection was lost or never came about, in words that hold nothing of what was sent: the reply of a server
 * that does not know a command repeats it, with the password in it.
 */
export function whyLost(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  if (typeof code === 'string') return code;
  const reply = replyOf(error as object);
  if (reply !== undefined) return REPLIES[reply]?.[0] ?? `it answers ${reply}`;
  // The client's own errors differ by their class alone.
  const kind = error instanceof Error ? error.constructor.name : (name ?? '');
  if (kind === '' || kind in globalThis) return 'for a reason that is not known';
  return kind
    .replace(/Error$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
}
