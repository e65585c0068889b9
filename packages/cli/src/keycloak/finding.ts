import { toSettingNames } from '@keycloak-guard/server/config';
import { diagnoseTokenError, type TokenAnswer } from 'keycloak-guard/client';
import type { AdminError } from '../admin/admin-error.ts';
import { toShellWord } from '../terminal/output.ts';
import { type Answer, isStranger, toExcerpt, toWords } from './call.ts';
import type { Caller } from './realm-calls.ts';

/** Result of a check. `warn`: it works now but may cause trouble; the exit code stays 0. */
export type Status = 'ok' | 'warn' | 'fail' | 'skipped';

/** The result of a check. Its texts never contain a secret, password or token. */
export interface Finding {
  readonly status: Status;
  readonly seen: string;
  /** The cause, in a sentence. Empty if all is well. */
  readonly cause: string;
  /** The settings to change or commands to run. Empty if all is well. */
  readonly fix: string;
  /** Flags with which `setup` can fix it, such as `--realm=shop`. `undefined`: it cannot. */
  readonly setup?: readonly string[] | undefined;
}

/** Cause and fix, of a finding yet to be made. */
export type Advice = Pick<Finding, 'cause' | 'fix'>;

export const ok = (seen: string): Finding => ({ status: 'ok', seen, cause: '', fix: '' });
export const skipped = (seen: string): Finding => ({ status: 'skipped', seen, cause: '', fix: '' });

const toFinding =
  (status: 'warn' | 'fail') =>
  /** @param setup flags with which `keycloak-guard setup` fixes it; leave it out if it cannot */
  (seen: string, cause: string, fix: string, setup?: readonly string[]): Finding => ({
    status,
    seen,
    cause,
    fix,
    setup,
  });

export const fail = toFinding('fail');
export const warn = toFinding('warn');

export type Say = (cause: string, fix: string, setup?: readonly string[]) => Finding;

export const failOn =
  (seen: string): Say =>
  (...words) =>
    fail(seen, ...words);

/** The finding if a proxy, a firewall or a login answered in place of Keycloak. `undefined` if Keycloak answered. */
export function judgeStranger(answer: Answer): Finding | undefined {
  // Keycloak's HTTP server answers these before Keycloak sees the request.
  if (!isStranger(answer) || answer.status === 431 || answer.status === 413) return undefined;
  const { status, headers } = answer;
  const path = new URL(answer.url).pathname;
  const server = headers.get('server');
  const says = toExcerpt(answer.text);
  const who = `${server ? ` It calls itself '${server}'.` : ''}${says ? ` It says: ${says}` : ''}`;
  const say = (cause: string, fix: string) => fail(toWords(answer), `${cause}${who}`, fix);
  const tryIt = `From this machine: curl -i ${toShellWord(answer.url.replace(/\?.*$/s, ''))}`;
  if (status === 401) {
    const scheme = (headers.get('www-authenticate') ?? '').split(' ')[0];
    return say(
      `something in front of Keycloak wants a login of its own${scheme ? ` (${scheme})` : ''} for ${path}, and answers in Keycloak's place.`,
      `Take ${path} out of what the proxy protects: programs call it, and they log in at Keycloak. ${tryIt}`,
    );
  }
  if (status === 429)
    return say(
      `something in front of Keycloak limits the calls, and refused this one (HTTP 429).`,
      `Raise the limit of the proxy or firewall for this machine. ${tryIt}`,
    );
  if (status >= 500)
    return say(
      `a proxy in front of Keycloak answers ${path} itself (HTTP ${status}): it does not reach Keycloak.`,
      "Look at the proxy's log and at the address that it has for Keycloak. Is Keycloak still starting?",
    );
  if (status < 300)
    return say(
      `something in front of Keycloak answers ${path} with a page of its own (HTTP ${status}): a login, or a web site's start page.`,
      `Let it pass ${path} on to Keycloak as it is. ${tryIt}`,
    );
  if (status < 400)
    return say(
      `something in front of Keycloak sends calls of ${path} elsewhere (${headers.get('location')?.split('?')[0] ?? 'no address'}).`,
      `Let the proxy pass ${path} on to Keycloak as it is. ${tryIt}`,
    );
  return say(
    `something in front of Keycloak (a proxy or a firewall) answers ${path} itself (HTTP ${status}).`,
    `Let it pass ${path} on to Keycloak, with method, body and headers as they are. ${tryIt}`,
  );
}

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
  if (error.kind === 'missing' && error.answer === '') return error.message;
  const [code = '', ...rest] = error.answer.split(': ');
  const description = rest.join(': ');
  if (error.status >= 300 && error.status < 400)
    return 'Credentials follow no redirect: give the address that it leads to (--url), if that is your Keycloak.';
  if (error.kind === 'unreachable') {
    const failure = error.message.split(': ').at(-1);
    return diagnose({ status: 0, failure }).fix;
  }
  if (code === 'invalid_grant' && /not fully set ?up/i.test(description))
    return 'This admin has to do something first (a new password, an OTP device): log in once at the admin console.';
  if (code === 'invalid_grant')
    return 'Check name and password of the admin, and --admin-realm: an admin of one realm alone logs in at that realm, not at master. An admin with a one-time code needs --admin-totp.';
  if (/realm does not exist/i.test(error.answer))
    return 'The realm of the admin does not exist: correct --admin-realm (KEYCLOAK_ADMIN_REALM).';
  if (/invalid_client|unauthorized_client/.test(code))
    return 'Check --admin-client-id and its secret. A service account needs Clients > the client > Capability config > Service accounts roles ON.';
  if (/https required/i.test(error.answer)) return diagnose({ status: 403, error: 'HTTPS required' }).fix;
  if (error.kind === 'forbidden')
    return 'This admin may not do it. In the realm: Users (or the client, for a service account) > Role mapping > Assign role > realm-management: manage-realm, manage-clients, manage-users. A new realm can only be made by an admin of the realm master.';
  if (/password/i.test(error.answer))
    return "The password does not meet the realm's password policy (Authentication > Policies > Password policy): choose another.";
  if (error.status === 200)
    return 'Something else answers at this address, or a proxy changes what Keycloak says: open the address in a browser.';
  return 'The words above are from Keycloak.';
}
