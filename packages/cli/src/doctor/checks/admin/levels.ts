import { adminCheck, type Finding, fail, ok, warn } from '../../check.ts';
import { readSignInLevels, type SignInLevels } from '../../evidence/sign-in-levels.ts';

export const flowLevels = adminCheck('flow.levels', 'realm.exists', async (admin, { reach, options }) => {
  const levels = await readSignInLevels(admin, reach.caller.realm);
  return explainLevels(levels, options.acr, reach.caller.clientId);
});

/**
 * Whether a sign-in can reach the levels that guards ask for. If not, Keycloak does not say so: it signs the person in as
 * before.
 *
 * @param wanted values of `acr` that guards ask for; if empty, the names in the mapping
 */
export function explainLevels(levels: SignInLevels, wanted: readonly string[], clientId: string): Finding {
  const { map, mappedBy, defaults, flow, conditions, isInToken } = levels;
  const seen = toSeen(levels);
  const mapping = `Clients > ${clientId} > Advanced > ACR to LoA Mapping`;
  const levelOf = (acr: string) => map.get(acr) ?? (/^\d+$/.test(acr) ? Number(acr) : undefined);

  const unnamed = [...wanted, ...defaults].filter((acr) => levelOf(acr) === undefined);
  if (unnamed.length > 0) {
    const isAsked = unnamed.some((acr) => wanted.includes(acr));
    return (isAsked ? fail : warn)(
      seen,
      `${unnamed.join(', ')} is in no ACR to LoA Mapping of the client or the realm: Keycloak ignores it, and guards go on refusing`,
      `${mapping}: ${unnamed.map((acr) => `${acr} = <its level>`).join(', ')}${
        mappedBy === 'client' ? '' : ' (a mapping of the client replaces that of the realm)'
      }`,
    );
  }
  const asked = wanted.length > 0 ? wanted : [...map.keys()];
  // Every sign-in reaches level 1, even in a flow without levels.
  const isReached = (level: number) => level <= 1 || conditions.includes(level);
  const unreached = asked.filter((acr) => !isReached(levelOf(acr) as number));
  if (unreached.length > 0) {
    const levelNames = unreached.map((acr) => `${acr} (${levelOf(acr)})`).join(', ');
    return (wanted.length > 0 ? fail : warn)(
      seen,
      conditions.length === 0
        ? `the browser flow '${flow}' has no step for a level: nobody reaches ${levelNames}`
        : `the browser flow '${flow}' has no step for ${levelNames}`,
      `Authentication > Flows > ${flow} > a conditional sub-flow with 'Condition - Level of Authentication' = ${levelOf(
        unreached[0] as string,
      )} and the second factor; docs/step-up.md has the whole flow`,
    );
  }
  if (asked.length > 0 && !isInToken) {
    return (wanted.length > 0 ? fail : warn)(
      seen,
      'the client does not have the scope acr: its tokens do not say how somebody signed in',
      `Clients > ${clientId} > Client scopes > Add client scope > acr, as default`,
    );
  }
  return ok(seen);
}

function toSeen({ map, mappedBy, defaults, flow, conditions }: SignInLevels): string {
  const names = [...map].map(([acr, level]) => `${acr} ${level}`).join(', ');
  return [
    mappedBy === undefined ? 'no mapping' : `${mappedBy}: ${names}`,
    `${flow}: ${conditions.length === 0 ? 'no levels' : `levels ${conditions.join(', ')}`}`,
    ...(defaults.length > 0 ? [`by default ${defaults.join(', ')}`] : []),
  ].join('; ');
}
