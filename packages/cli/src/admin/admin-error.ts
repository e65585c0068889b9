import { NetworkError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import { toFailure } from './internal.ts';

type AdminErrorKind = 'unreachable' | 'login' | 'forbidden' | 'missing' | 'refused';

/**
 * The Admin API refused, or did not answer: all here that calls it rejects with this. The message holds Keycloak's own words, on one
 * line, never a password or a token.
 */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly kind: AdminErrorKind;
  readonly status: number;
  readonly answer: string;

  constructor(kind: AdminErrorKind, status: number, message: string, answer = '') {
    super(message.replace(/\s+/g, ' '));
    this.kind = kind;
    this.status = status;
    this.answer = answer;
  }
}

export const NO_ADMIN_API =
  "this looks like keycloak-guard's embedded provider (it has no realm master), which has no Admin API: stop it, and start a Keycloak (https://www.keycloak.org/guides#getting-started)";

/** Why a server has none: it has no realm `master`. @param answer its words about that realm */
export const lackOfAdminApi = (serverUrl: string, answer: unknown): AdminError | undefined =>
  /realm does not exist/i.test(String(answer))
    ? new AdminError('missing', 404, `${serverUrl}: ${NO_ADMIN_API}`)
    : undefined;

/**
 * Turns what the Admin API client threw into an {@link AdminError}.
 *
 * @param doing the words after "Keycloak refused to", for example `create the realm testing`
 */
export function toAdminError(error: unknown, doing: string): AdminError {
  if (error instanceof AdminError) return error;
  // A TypeError without a cause is no failed call, and no other is JSON that cannot be read.
  const cause = (error as Error | undefined)?.cause;
  const isNoJson = error instanceof SyntaxError || cause instanceof SyntaxError;
  if (isNoJson || (error instanceof TypeError && cause === undefined))
    return new AdminError('refused', 200, `Keycloak's answer cannot be understood, while trying to ${doing}`);
  if (!(error instanceof NetworkError))
    return new AdminError(
      'unreachable',
      0,
      `No answer from Keycloak while trying to ${doing}: ${toFailure(error).failure}`,
    );
  const { status, headers } = error.response;
  const location = status >= 300 && status < 400 ? headers.get('location') : null;
  const answer = toAnswer(location === null ? error.responseData : `redirect to ${location}`);
  const kind =
    status === 401 ? 'login' : status === 403 ? 'forbidden' : status === 404 ? 'missing' : 'refused';
  return new AdminError(
    kind,
    status,
    `Keycloak refused to ${doing}: HTTP ${status}${answer && ` ${answer}`}`,
    answer,
  );
}

/**
 * Does something with the Admin API.
 *
 * @param doing as of {@link toAdminError}
 */
export async function trying<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toAdminError(error, doing);
  }
}

export function mustExist<T>(value: T | null | undefined, name: string): T {
  if (value === null || value === undefined) throw gone(name);
  return value;
}

export const gone = (name: string, where = 'realm'): AdminError =>
  new AdminError('missing', 404, `'${name}' is gone: somebody else is changing this ${where}`);

/** Keycloak's words on one line, no more of them than a person reads. */
function toAnswer(data: unknown): string {
  return readAnswer(data).replace(/\s+/g, ' ').trim().slice(0, 300);
}

/**
 * The Admin API has four shapes of errors: `errorMessage` (with `field` and `params`), a list of those in `errors`,
 * `error` with `error_description`, and plain text.
 */
function readAnswer(data: unknown): string {
  if (typeof data === 'string') return data;
  if (typeof data !== 'object' || data === null) return '';
  const {
    errorMessage,
    errors,
    error,
    error_description: description,
    field,
    params,
  } = data as Record<string, unknown>;
  if (Array.isArray(errors)) return errors.map(readAnswer).join('; ');
  if (typeof errorMessage === 'string') {
    const about =
      typeof field === 'string' ? ` (${field})` : Array.isArray(params) ? ` (${params.join(', ')})` : '';
    return errorMessage + about;
  }
  return [error, description].filter((part) => typeof part === 'string').join(': ');
}
