import type { RealmTemplate } from '../dev-idp.ts';
import type { RealmRepresentation } from '../realm/representation.ts';
import { defaultRoleOf } from '../realm/roles.ts';
import type { Provider } from './provider.ts';

export type Realms = ReturnType<typeof createRealms>;

/** Names that Keycloak allows, and that need no care in a URL. */
const NAME = /^[\w.~-]{1,255}$/;

/** The realms by their names. */
export function createRealms(
  representations: readonly RealmRepresentation[],
  template: RealmTemplate | undefined,
  create: (representation: RealmRepresentation) => Provider,
) {
  const byName = new Map<string, Provider>();
  const realms = {
    /** Finds a realm, or makes it from the template. */
    find(name: string): Provider | undefined {
      const known = byName.get(name);
      if (known !== undefined || template === undefined || !NAME.test(name)) return known;
      const made = typeof template === 'function' ? template(name) : copyOf(template, name);
      return made === undefined ? undefined : realms.add({ ...made, realm: name });
    },
    /** @throws {TypeError} if the name is taken, or it is not a realm */
    add(representation: RealmRepresentation): Provider {
      const provider = create(structuredClone(representation));
      const { name } = provider.realm;
      if (byName.has(name)) throw new TypeError(`there are two realms '${name}'`);
      byName.set(name, provider);
      return provider;
    },
    remove(name: string): void {
      byName.get(name)?.misbehaviour.clear();
      byName.delete(name);
    },
    all: () => byName.values(),
  };
  const [main] = representations.map(realms.add);
  if (main === undefined) throw new TypeError('the realm file has no realm');
  return { ...realms, /** The first one of the realm file. */ main };
}

/** The template under another name. Its ids go: two realms have not one user. */
function copyOf(template: RealmRepresentation, name: string): RealmRepresentation {
  const text = JSON.stringify(template, (key, value) => (key === 'id' ? undefined : value));
  const [before, after] = [template.realm, name].map((one) => `"${defaultRoleOf(one)}"`);
  return { ...JSON.parse(text.replaceAll(before ?? '', after ?? '')), realm: name };
}
