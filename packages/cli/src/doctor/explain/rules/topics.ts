/**
 * What a line is about, where no rule knows its words: a rule and words, of which one has to be there beside a word of failure.
 * It is never more than a 'perhaps'. The more exact topics come first.
 */
export const TOPICS: readonly (readonly [id: string, words: RegExp])[] = [
  ['jwks-rate-limit', /enough time elapsed since the last request|rate.?limit/i],
  [
    'session-secret',
    /secrets?[._ ](key )?.{0,30}(signing|encrypt|session|cookie)|(session|cookie).{0,12}secret/i,
  ],
  ['keys-not-fetched', /jwks|key ?set|public key|signing keys?/i],
  ['metadata-https', /\bhttps\b.{0,40}(required|only|expected|must|scheme)|start with .?https/i],
  ['token-expired', /(token|jwt|signature) .{0,12}expired|expired.?token|\bexp\b/i],
  ['wrong-audience', /\baudiences?\b|\baud\b/i],
  ['wrong-issuer', /\bissuers?\b|\biss\b/i],
  ['bad-signature', /signature|jws|VerificationFailed/i],
  ['clock-skew', /\b(iat|nbf)\b|issued at|clock/i],
  ['nonce', /nonce/i],
  ['pkce', /\bpkce\b|code.?(challenge|verifier)/i],
  ['state-lost', /\bcsrf\b|\b(oauth|login|auth\w*) state\b|\bstate (param|cookie|value|token)/i],
  ['redirect-uri', /redirect.?ur[il]|callback.?ur[il]|reply url/i],
  ['logout-parameters', /post.?logout|id_token_hint|end.?session/i],
  ['refresh-refused', /refresh.{0,3}token|refresh(ing)? (the )?(access )?token/i],
  [
    'token-exchange-of-code',
    /grant code|token endpoint|oidc response|authorization code|exchang\w+ .{0,12}(code|token)/i,
  ],
  ['ldap', /\bldaps?\b|active directory|kerberos/i],
  ['mail', /\bsmtp\b|\be-?mail .{0,20}(send|sent)|send\w* .{0,12}e-?mail/i],
  ['cluster', /infinispan|jgroups|ISPN\d|cluster/i],
  ['database', /jdbc|postgres|mysql|mariadb|\bsql\b|hibernate|liquibase|datasource|oracle/i],
  ['theme', /freemarker|\.ftl\b|\btheme\b/i],
  ['identity-provider', /identity.?provider|broker/i],
  ['saml', /\bsaml\b|\bassertions?\b/i],
  ['provider-missing', /getProvider\(|no provider|provider .{0,20}is null|\bSPI\b/i],
  ['webauthn', /webauthn|passkey/i],
  ['cors', /\bcors\b|access-control-|cross-origin/i],
  ['third-party-cookies', /third.?party|samesite|cross-site/i],
  ['tls-untrusted', /certificate|x509|truststore|keystore|\bpem\b/i],
  ['tls-protocol', /\bssl\b|\btls\b/i],
  ['timeout', /time.?out|timed out/i],
  [
    'unreachable',
    /connect(ion|ing)? .{0,20}(fail|refus|error|lost)|not reachable|unreachable|cannot connect/i,
  ],
  ['discovery', /well-known|discovery|openid.?configuration|metadata/i],
  ['registration-policy', /client.?registration/i],
  ['import-refused', /\bimport\w*.{0,30}realm|realm.{0,30}import/i],
  ['admin-forbidden', /\badmin\b.{0,20}(api|permission)|realm-management/i],
  ['admin-console', /admin.?console/i],
  ['health-moved', /readiness|liveness|health.?check/i],
  ['user-disabled', /(user|account) .{0,20}disabled/i],
  ['user-locked', /(user|account) .{0,20}(locked|blocked)/i],
  ['wrong-secret', /client.?(secret|credentials|authentication|id)/i],
  ['scope', /\bscopes?\b/i],
  ['claim-missing', /\bclaims?\b|\bmapper\b|preferred_username/i],
  ['role-missing', /permission|forbidden|\broles?\b|\bgroups?\b|\b403\b/i],
  ['token-expired', /\bexpir\w+/i],
  ['not-a-jwt', /\bjwt\b|token (format|header|payload)|decod\w+ .{0,12}token/i],
  ['no-session', /\bsessions?\b|\bcookies?\b/i],
  ['token-refused', /bearer|access.?token|unauthori[sz]ed|\b401\b/i],
  [
    'auth-prefix',
    /(realm|keycloak|openid|oidc).{0,120}(\b404\b|not found)|(\b404\b|not found).{0,120}(realm|keycloak|openid|oidc)/i,
  ],
  [
    'html-for-json',
    /\bjson\b.{0,40}(pars|unexpected|invalid|expect)|(pars|unexpected|invalid|expect).{0,40}\bjson\b/i,
  ],
  ['adapter-config', /(keycloak|oidc|oauth2?|auth)\b.{0,24}(param|config|setting|option)/i],
  ['upstream', /\bupstream\b|reverse.?proxy/i],
  ['library-configuration', /\btenant config|strategy|provider .{0,20}config|oidc config/i],
];

export const FAILURE =
  /fail|error|invalid|denied|missing|unknown|cannot|can't|could ?n[o']t|refus|reject|mismatch|wrong|expired|unexpected|exception|unable|\bno[tn]?\b|illegal|malformed|unsupported|blocked|bad/i;

/** The first says all that the others say, and more: beside it they are left out. */
export const MORE_EXACT: readonly (readonly [id: string, others: readonly string[]])[] = [
  ['unknown-key', ['bad-signature']],
  ['saml', ['bad-signature', 'redirect-uri']],
  ['frame-blocked', ['csp']],
  ['frame-timeout', ['third-party-cookies', 'timeout']],
  ['openid-missing', ['role-missing', 'scope']],
  ['realm-unknown', ['auth-prefix']],
  ['account-exists', ['import-refused', 'user-exists']],
  ['upstream', ['connection-broken', 'unreachable']],
  ['health-moved', ['unreachable']],
  ['ldap', ['timeout', 'unreachable', 'tls-untrusted', 'unresolvable', 'connection-broken']],
  ['mail', ['timeout', 'unreachable', 'tls-untrusted', 'unresolvable', 'connection-broken']],
];
