// Keycloak reports that a session ended.
export default fromFetch(kc.handlers.POST);
