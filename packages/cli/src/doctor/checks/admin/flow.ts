import { adminCheck, failOn, ok, warn } from '../../check.ts';
import { findForcedOtp } from '../../evidence/flow-steps.ts';
import { kcadmRealm } from '../../kcadm.ts';
import { noPasswordLogin } from '../client/say.ts';

const KNOWN = /^(direct-grant-validate-(username|password|otp)|conditional-.*)$/;

export const flowDirectGrant = adminCheck('flow.direct-grant', 'realm.exists', async (admin, { reach }) => {
  const other = await noPasswordLogin(reach);
  if (other !== undefined) return other;
  const { alias, steps, isOverride } = await admin.flow();
  const seen = `${alias}: ${steps
    .filter((step) => !step.authenticationFlow)
    .map((step) => `${step.displayName} ${step.requirement}`)
    .join(', ')}`;
  const say = failOn(seen);
  const page = `Authentication > Flows > ${alias}`;
  const bind = isOverride
    ? `Clients > ${reach.caller.clientId} > Advanced > Authentication flow overrides > Direct grant flow: clear it`
    : `Authentication > Flows > direct grant > Action > Bind flow > Direct grant flow\n${kcadmRealm(reach.caller.realm, "'directGrantFlow=direct grant'")}`;
  const required = steps.filter((step) => step.requirement === 'REQUIRED' && !step.authenticationFlow);
  const form = steps.find((step) =>
    /^(auth-cookie|auth-username-password-form|auth-spnego|identity-provider-redirector)$/.test(
      step.providerId ?? '',
    ),
  );
  if (form !== undefined) {
    return say(
      `'${alias}' is a flow for browsers, bound where the direct grant flow belongs: the token endpoint answers with a login page`,
      bind,
    );
  }
  const deny = required.find((step) => /deny-access/.test(step.providerId ?? '') && step.level === 0);
  if (deny !== undefined)
    return say(
      `the flow '${alias}' denies every login`,
      `${bind}\nOr ${page}: take out '${deny.displayName}'`,
    );
  const checksPassword = required.some((step) => /password/i.test(step.providerId ?? ''));
  if (steps.length > 0 && !checksPassword) {
    return say(
      `the flow '${alias}' does not check the password: anybody can log in as anybody`,
      `${page} > Password = REQUIRED`,
    );
  }
  const otp = findForcedOtp(steps);
  if (otp !== undefined) {
    return say(
      `the flow '${alias}' requires an OTP of everybody, and POST /login sends none`,
      `${page} > ${otp.displayName}: inside Conditional OTP, or DISABLED`,
    );
  }
  const others = required.filter((step) => !KNOWN.test(step.providerId ?? ''));
  if (others.length > 0) {
    return warn(
      seen,
      `the flow '${alias}' has steps of its own (${others.map((step) => step.displayName).join(', ')}): they may want what POST /login does not send`,
      `If logins fail: ${page}`,
    );
  }
  return ok(seen);
});
