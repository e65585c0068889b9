import { toSettingNames } from '@keycloak-guard/server/config';
import { diagnoseTokenError, type TokenAnswer } from 'keycloak-guard/client';
import type { AdminError } from '../admin/index.ts';
import type { Answer } from './call.ts';
import type { Caller } from './realm-calls.ts';

export function diagnose(
  ...[answer, hidden]: Parameters<typeof diagnoseTokenError>
): ReturnType<typeof diagnoseTokenError> {
  const diagnosis = diagnoseTokenError(answer, hidden);
  return { ...diagnosis, fix: toSettingNames(diagnosis.fix) };
}

export function toTokenAnswer(
  answer: Answer,
  caller: Pick<Caller, 'realm' | 'clientId' | 'credential'>,
): TokenAnswer {
  const { json } = answer;
  const text = (value: unknown) =>
    typeof value === 'string' && value !== '' ? value.slice(0, 300) : undefined;
  return {
    status: answer.status,
    url: answer.url,
    realm: caller.realm,
    clientId: caller.clientId,
    credential: caller.credential?.kind,
    isJson: json !== undefined,
    error:
      text(json?.error) ??
      (json === undefined ? text(/Invalid origin|HTTPS required/i.exec(answer.text)?.[0]) : undefined),
    description: text(json?.error_description),
    failure: answer.failure,
    location: answer.headers.get('location') ?? undefined,
  };
}

export function explainAdminError(error: AdminError): string {
  const [code = '', ...rest] = error.answer.split(': ');
  const description = rest.join(': ');
  if (error.status >= 300 && error.status < 400) {
    return 'Credentials follow no redirect: give the address that it leads to (--url), if that is your Keycloak.';
  }
  if (error.kind === 'unreachable') {
    const failure = error.message.split(': ').at(-1);
    return diagnose({ status: 0, failure }).fix;
  }
  if (code === 'invalid_grant' && /not fully set ?up/i.test(description)) {
    return 'This admin has to do something first (a new password, an OTP device): log in once at the admin console.';
  }
  if (code === 'invalid_grant') {
    return 'Check name and password of the admin, and --admin-realm: an admin of one realm alone logs in at that realm, not at master. An admin with a one-time code needs --admin-totp.';
  }
  if (/realm does not exist/i.test(error.answer)) {
    return 'The realm of the admin does not exist: correct --admin-realm (KEYCLOAK_ADMIN_REALM).';
  }
  if (/invalid_client|unauthorized_client/.test(code)) {
    return 'Check --admin-client-id and its secret. A service account needs Clients > the client > Capability config > Service accounts roles ON.';
  }
  if (/https required/i.test(error.answer)) return diagnose({ status: 403, error: 'HTTPS required' }).fix;
  if (error.kind === 'forbidden') {
    return 'This admin may not do it. In the realm: Users (or the client, for a service account) > Role mapping > Assign role > realm-management: manage-realm, manage-clients, manage-users. A new realm can only be made by an admin of the realm master.';
  }
  if (/password/i.test(error.answer)) {
    return "The password does not meet the realm's password policy (Authentication > Policies > Password policy): choose another.";
  }
  if (error.status === 200) {
    return 'Something else answers at this address, or a proxy changes what Keycloak says: open the address in a browser.';
  }
  return 'The words above are from Keycloak.';
}
