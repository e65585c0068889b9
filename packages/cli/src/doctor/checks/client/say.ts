import type { Answer } from '../../../keycloak/call.ts';
import { diagnose } from '../../../keycloak/diagnose.ts';
import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { toTokenAnswer } from '../../../keycloak/token-answer.ts';
import { type Finding, fail, skipped } from '../../check.ts';
import type { Reach } from '../../context.ts';

/** The client's page in the console, and what to do there. */
export const onPage = ({ caller }: Reach, where: string): string => `Clients > ${caller.clientId} > ${where}`;

/** Where the console adds a client to the audience of another one's tokens. */
export const addAudience = (client: unknown, audience: string, to = 'access token'): string =>
  `Clients > ${client} > Client scopes > ${client}-dedicated > Add mapper > By configuration > Audience: Included Client Audience = ${audience}, Add to ${to} ON`;

const NOBODY = 'nobody can log in at this client, as is right for an API that only checks tokens';

/** Why a check of browser logins is not for this client. */
export async function noBrowserLogin({ shape }: Reach): Promise<Finding | undefined> {
  return (await shape()) === 'api' ? skipped(NOBODY) : undefined;
}

/** Why a check of `POST /login` is not for this client. */
export async function noPasswordLogin({ shape }: Reach): Promise<Finding | undefined> {
  const is = await shape();
  if (is === 'guide') return undefined;
  return skipped(
    is === 'api'
      ? NOBODY
      : 'this client takes no passwords, as is right for an application that logs people in with the browser',
  );
}

/** The words of the token endpoint's refusal. */
export const refusalOf = (answer: Answer): string =>
  `${answer.json?.error ?? ''}: ${answer.json?.error_description ?? ''}`;

/** Whether Keycloak only refused the user, so that everything checked before is in order. */
export const isAboutUser = (answer: Answer): boolean =>
  /^invalid_grant: Invalid user credentials/i.test(refusalOf(answer));

/** The diagnosis that the service logs for this answer. */
export function diagnosed(reach: Reach, answer: Answer): Finding {
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  const { cause, fix } = diagnose(toTokenAnswer(answer, reach.caller));
  return fail(toWords(answer), cause, fix);
}
