import type { PendingLogin } from '../browser/logins.ts';
import type { User } from '../realm/user.ts';

// Where the steps of a login are.

export function authenticateUrl(issuer: string, { tabId, request: { client } }: PendingLogin): string {
  const query = new URLSearchParams({ client_id: client.clientId, tab_id: tabId });
  return `${issuer}/login-actions/authenticate?${query}`;
}

export function loginQuery({ sessionCode, tabId, request }: PendingLogin): string {
  return String(
    new URLSearchParams({ session_code: sessionCode, client_id: request.client.clientId, tab_id: tabId }),
  );
}

export function requiredActionUrl(issuer: string, login: PendingLogin, user: User): string {
  const execution = encodeURIComponent(user.requiredActions[0] ?? '');
  return `${issuer}/login-actions/required-action?execution=${execution}&${loginQuery(login)}`;
}

export function consentUrl(issuer: string, login: PendingLogin): string {
  return `${issuer}/login-actions/consent?${loginQuery(login)}`;
}
