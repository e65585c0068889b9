/** Replies of Redis that refuse a client, by their first word. */
const REPLIES: Readonly<Record<string, string>> = {
  WRONGPASS: 'it does not take this user and password (WRONGPASS)',
  NOAUTH: 'it wants a password, and the URL has none (NOAUTH)',
  NOPERM: 'this user may not do what is needed (NOPERM)',
  READONLY: 'it is a read-only replica (READONLY)',
  OOM: 'its memory is full (OOM)',
  MISCONF: 'it cannot write to its disk (MISCONF)',
  LOADING: 'it is still loading its data (LOADING)',
};

/**
 * Why a connection was lost or never came about, in words that hold nothing of what was sent: the reply of a server
 * that does not know a command repeats it, with the password in it.
 */
export function whyLost(error: unknown): string {
  const { code, name, message } = error as { code?: unknown; name?: string; message?: string };
  if (typeof code === 'string') return code;
  const reply = /^[A-Z]{3,}(?= )/.exec(message ?? '')?.[0];
  if (reply !== undefined) return REPLIES[reply] ?? `it answers ${reply}`;
  // The client's own errors are told apart by their class alone.
  const kind = error instanceof Error ? error.constructor.name : (name ?? '');
  if (kind === '' || kind in globalThis) return 'for a reason that is not known';
  return kind
    .replace(/Error$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
}
