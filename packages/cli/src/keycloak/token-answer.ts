import type { TokenAnswer } from 'keycloak-guard/client';
import type { Answer } from './call.ts';
import type { Caller } from './realm-calls.ts';

/** The answer as the diagnosis of the client room reads it. */
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
