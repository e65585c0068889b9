/** The paths of sign-in and sign-out, all of them below one prefix. */
export const toPaths = (prefix: string) => ({
  startLogin: `${prefix}/login`,
  finishLogin: `${prefix}/callback`,
  describe: `${prefix}/session`,
  signOut: `${prefix}/logout`,
});
