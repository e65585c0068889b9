import type { JsonWebKey } from 'node:crypto';

/** How a client is to prove who it is. */
export type CredentialGoal =
  | { readonly type: 'secret' }
  | {
      readonly type: 'key';
      /** The public half, with `kid`. */
      readonly publicKey: JsonWebKey & { readonly kid?: string };
      /** A file that nobody named, and that was there. Its key is used only where Keycloak knows it. */
      readonly foundIn?: string | undefined;
      /** Ids of keys with which nobody is the client any more. */
      readonly retired?: readonly string[] | undefined;
    }
  | {
      readonly type: 'kubernetes';
      /** `<namespace>/<name>` */
      readonly serviceAccount: string;
      /** Issuer of the cluster. Default: that of the realm's identity provider for Kubernetes, or {@link OWN_CLUSTER}. */
      readonly issuer?: string | undefined;
    };

/** The default issuer: the cluster in which Keycloak runs. */
export const OWN_CLUSTER = 'https://kubernetes.default.svc.cluster.local';

/** Authenticators of Keycloak: their ids, and their names in the console. */
export const AUTHENTICATORS: Readonly<Record<string, string>> = {
  'client-secret': 'Client Id and Secret',
  'client-secret-jwt': 'Signed JWT with Client Secret',
  'client-jwt': 'Signed JWT',
  'federated-jwt': 'Signed JWT - Federated',
  'client-x509': 'X509 Certificate',
};

/** The authenticator for each kind. */
export const AUTHENTICATOR_FOR = {
  secret: 'client-secret',
  key: 'client-jwt',
  kubernetes: 'federated-jwt',
} as const;
