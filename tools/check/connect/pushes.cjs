// Appended to the suite's test/utils/helper.js: pushes as a Keycloak of today sends them, made when a test reads one.
const { createPrivateKey, randomUUID, sign } = require('node:crypto');

const encode = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');

function createPush(pem, kid, action, resource) {
  const input = `${encode({ alg: 'RS256', typ: 'JWT', kid })}.${encode({
    id: randomUUID(),
    expiration: Math.floor(Date.now() / 1000) + 30,
    resource,
    action,
    notBefore: 1587047537,
  })}`;
  return `${input}.${sign('sha256', Buffer.from(input), createPrivateKey(pem)).toString('base64url')}`;
}

exports.replace = (vectors, { pem, otherPem, kid }) => {
  const define = (name, ...push) => Object.defineProperty(vectors, name, { get: () => createPush(...push) });
  define('logoutValidPayload', pem, kid, 'LOGOUT', 'adminapp3');
  define('logoutWrongKeyPairPayload', otherPem, kid, 'LOGOUT', 'adminapp2');
  define('notBeforeValidPayload', pem, kid, 'PUSH_NOT_BEFORE', 'adminapp7');
  define('notBeforeWrongKeyPairPayload', otherPem, kid, 'PUSH_NOT_BEFORE', 'adminapp6');
};
