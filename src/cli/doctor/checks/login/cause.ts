import { diagnoseTokenError } from '../../../../client/index.ts';
import type { Answer } from '../../../keycloak/call.ts';
import { toTokenAnswer } from '../../../keycloak/token-answer.ts';
import { type Finding, fail } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { findForcedOtp } from '../../evidence/flow-steps.ts';
import { toWords } from '../../evidence/page.ts';
import { findUserTroubles, type UserTrouble } from '../admin/user-troubles.ts';
import { refusalOf } from '../client/say.ts';

const ASK_AN_ADMIN =
  'Only an admin can see which: run the doctor with KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD set.';

/** Why the test user could not log in: exactly, where an admin may look; otherwise everything it can be. */
export async function explainLogin(answer: Answer, username: string, reach: Reach): Promise<Finding> {
  const words = refusalOf(answer);
  const troubles = reach.admin
    ? await findUserTroubles(reach.admin, username).catch(() => undefined)
    : undefined;
  if (/invalid_grant/.test(words) && troubles !== undefined && troubles.length > 0)
    return toFinding(answer, troubles);
  if (/not fully set ?up/i.test(words)) return notSetUp(answer, username);
  if (/account (is )?(temporarily )?disabled/i.test(words)) {
    return fail(
      toWords(answer),
      `the user '${username}' is disabled`,
      `Users > ${username} > Enabled (top right) ON`,
      ['--enable'],
    );
  }
  if (/invalid user credentials/i.test(words)) {
    return troubles === undefined ? badCredentials(answer, username) : wrongPassword(answer, username);
  }
  if (answer.status >= 500) return serverError(answer, reach);
  if (/mtls|certification missing/i.test(words)) {
    return fail(
      toWords(answer),
      'the client binds tokens to a TLS client certificate, which this service does not have',
      `Clients > ${reach.caller.clientId} > Advanced > OAuth 2.0 Mutual TLS Certificate Bound Access Tokens Enabled OFF`,
    );
  }
  const { cause, fix } = diagnoseTokenError(toTokenAnswer(answer, reach.caller));
  return fail(toWords(answer), cause, fix);
}

function toFinding(answer: Answer, troubles: readonly UserTrouble[]): Finding {
  const setup = troubles.find((one) => one.setup !== undefined)?.setup;
  return fail(
    toWords(answer),
    troubles.map(({ cause }) => cause).join('; '),
    troubles.map(({ fix }) => fix).join('\n'),
    setup,
  );
}

function notSetUp(answer: Answer, username: string): Finding {
  return fail(
    toWords(answer),
    `the password is right, but '${username}' has to do something first: a temporary password, a missing email, first or last name, an OTP device to set up, terms to accept, or an email to verify. ${ASK_AN_ADMIN}`,
    `Users > ${username} > Details: fill Email, First name, Last name; take out what stands in Required user actions. Credentials > Reset password with Temporary OFF. Or let the user log in once in a browser.`,
    [],
  );
}

function badCredentials(answer: Answer, username: string): Finding {
  return fail(
    toWords(answer),
    `Keycloak does not take this user name and password. It says the same of a wrong password, an unknown user '${username}', an email address where the realm wants the user name, a user who has an OTP device (the code is not sent) and a user who is locked after failed logins. ${ASK_AN_ADMIN}`,
    `Users > ${username}: is the user there? Credentials > Reset password (Temporary OFF). Locked: wait, or Authentication > Policies > Brute force detection; Users > ${username} > Unlock.`,
    ['--reset-password'],
  );
}

function wrongPassword(answer: Answer, username: string): Finding {
  return fail(
    toWords(answer),
    `the password of '${username}' is wrong: the user is there, enabled, not locked, and has a password`,
    `Correct DOCTOR_PASSWORD, or Users > ${username} > Credentials > Reset password (Temporary OFF)`,
    ['--reset-password'],
  );
}

async function serverError(answer: Answer, reach: Reach): Promise<Finding> {
  const flow = await reach.admin?.flow().catch(() => undefined);
  const otp = findForcedOtp(flow?.steps ?? []);
  const encrypted = (await reach.admin?.client().catch(() => undefined))?.attributes?.[
    'id.token.encrypted.response.alg'
  ];
  if (encrypted) {
    return fail(
      toWords(answer),
      `the client wants encrypted ID tokens ('${encrypted}'), and Keycloak has no key of the client to encrypt with`,
      `Clients > ${reach.caller.clientId} > Advanced > Fine grain OpenID Connect configuration > ID token encryption key management algorithm: clear it`,
    );
  }
  if (otp !== undefined) {
    return fail(
      toWords(answer),
      `the flow '${flow?.alias}' requires an OTP of everybody, and Keycloak fails for a user without one`,
      `Authentication > Flows > ${flow?.alias} > ${otp.displayName}: inside Conditional OTP, or DISABLED`,
    );
  }
  return fail(
    toWords(answer),
    'Keycloak failed while logging the user in; unknown users are refused properly, so it is about this user, the login flow, the mappers or the keys of the client',
    "Look into Keycloak's log for the stack trace of this moment. Then at Authentication > Flows > direct grant (an OTP that is REQUIRED), and at Clients > the client > Advanced (encryption of ID tokens).",
  );
}
