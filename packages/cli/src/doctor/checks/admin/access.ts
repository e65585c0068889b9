import { AdminError } from '../../../admin/index.ts';
import { toPageText } from '../../../keycloak/call.ts';
import { explainAdminError } from '../../../keycloak/diagnose.ts';
import { check, type Finding, fail, NO_ADMIN, ok, skipped } from '../../check.ts';

const adminLogin = check('admin.login', ['address.keycloak'], async ({ reach, options }) => {
  if (reach.admin === null || options.admin === undefined) return skipped(NO_ADMIN);
  const who = 'username' in options.admin ? options.admin.username : `the client ${options.admin.clientId}`;
  try {
    await reach.admin.connection();
    return ok(`${who} of the realm ${options.admin.realm}`);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    const proxy = judgeProxy(error, reach.caller.serverUrl);
    if (proxy !== undefined) return proxy;
    return fail(
      `HTTP ${error.status} ${error.answer}`.trim(),
      `${who} cannot log in to the Admin API`,
      explainAdminError(error),
    );
  }
});

const adminRights = check('admin.rights', ['admin.login', 'realm.exists'], async ({ reach, options }) => {
  const { admin } = reach;
  if (admin === null) return skipped(NO_ADMIN);
  const views: [string, () => Promise<unknown>][] = [
    ['view-realm', admin.realm],
    ['view-clients', admin.client],
    ...(options.username === undefined
      ? []
      : [['view-users', admin.user] as [string, () => Promise<unknown>]]),
  ];
  const lacking: string[] = [];
  for (const [role, look] of views) {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      const proxy = judgeProxy(error, reach.caller.serverUrl);
      if (proxy !== undefined) return proxy;
      if (error.kind !== 'forbidden') throw error;
      lacking.push(role);
    }
  }
  if (lacking.length === 0) return ok('this admin may look at the realm');
  const who =
    options.admin && 'clientId' in options.admin
      ? `Clients > ${options.admin.clientId} > Service account roles`
      : 'Users > the admin > Role mapping';
  return fail(
    `HTTP 403 for ${lacking.join(', ')}`,
    `this admin may not look at everything: it lacks ${lacking.join(', ')} of '${reach.caller.realm}'`,
    `${who} > Assign role > Filter by clients: realm-management ${lacking.join(', ')} (for an admin of the realm master: ${reach.caller.realm}-realm)`,
  );
});

/** Keycloak refuses in JSON, and accepts a token that it just issued. Anything else comes from a proxy. */
function judgeProxy({ status, answer }: AdminError, serverUrl: string): Finding | undefined {
  if (status === 401 && /^HTTP 401/.test(answer)) {
    return fail(
      `HTTP 401 ${answer}`,
      "the Admin API says that it was asked without a token that it knows, right after the admin's login: something on the way takes the Authorization header away, or tokens of the admin's realm are refused by a not-before",
      'Let the proxy in front of Keycloak pass the Authorization header on. Then look at the not-before of the realm of the admin (Sessions > Action > Revocation).',
    );
  }
  const isJson = answer !== '' && !answer.includes('<') && !/^invalid origin/i.test(answer);
  if (status < 400 || isJson) return undefined;
  if (/^invalid origin/i.test(answer)) {
    return fail(
      `HTTP ${status} ${answer}`,
      'something on the way adds an Origin header to the call, and Keycloak refuses it',
      'Let the proxy in front of Keycloak add no Origin header.',
    );
  }
  return fail(
    `HTTP ${status} ${toPageText(answer).slice(0, 120)}`.trim(),
    `a proxy or firewall in front of Keycloak keeps calls of the admin from it (HTTP ${status}): the answer is not Keycloak's`,
    `Run the doctor where ${serverUrl}/admin/ and the realm of the admin can be reached, with KEYCLOAK_SERVER_URL of an inner address; to hide /admin/ from the internet is right.`,
  );
}

export const ADMIN_ACCESS_CHECKS = [adminLogin, adminRights];
