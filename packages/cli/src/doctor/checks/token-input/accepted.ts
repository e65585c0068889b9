import { AuthError, createVerifier } from 'keycloak-guard';
import { type Check, fail, ok } from '../../check.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import { explainRefusal } from './explain.ts';
import { toVerifierOptions } from './verifier-options.ts';

/** Whether this service would accept the piped token, by its signature and claims. */
export const tokenAccepted: Check = {
  id: 'token.accepted',
  needs: ['token.content', 'keys.signing', 'issuer.discovery'],
  async run({ reach, token = '' }) {
    const verifier = createVerifier(toVerifierOptions(reach));
    try {
      const principal = await verifier.verify(token);
      return ok(
        `signature and claims are good: this service would accept it for ${principal.username ?? principal.subject ?? 'its bearer'}`,
      );
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const { seen, cause, fix } = await explainRefusal(error, decodeJwt(token), reach);
      return fail(seen, cause, fix);
    } finally {
      await verifier.close();
    }
  },
};
