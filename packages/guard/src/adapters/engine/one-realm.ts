import { OptionsError, type TokenVerifier, type Verifier } from '../../core/index.ts';

/**
 * The verifier whose realm is asked for permissions.
 *
 * @throws {OptionsError} if it has several realms: it does not say which of them to ask
 */
export function toOneRealm(factory: string, verifier: TokenVerifier): Verifier<object> {
  const [member, ...others] = verifier.members;
  if (member !== undefined && others.length === 0) return member as Verifier<object>;
  const rule = 'must be given where the verifier is of several realms';
  const example = 'createPermissions({ verifier, clientSecret })';
  throw new OptionsError(factory, [{ option: 'permissions', rule, example }]);
}
