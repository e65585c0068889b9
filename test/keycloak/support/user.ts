/** Somebody who has all that a profile asks for, and can log in at once. */
export const toUser = ({ username, password }: { readonly username: string; readonly password: string }) => ({
  username,
  enabled: true,
  email: 'abdullah@example.com',
  emailVerified: true,
  firstName: 'Abdullah',
  lastName: 'Example',
  credentials: [{ type: 'password', value: password, temporary: false }],
});
