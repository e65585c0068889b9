/** Signing out is a form, because it changes something. */
export const home = `<!doctype html>
<title>my-app</title>
<h1>my-app</h1>
<p><a href="/me">Who am I?</a> · <a href="/admin">For administrators</a></p>
<form method="post" action="/auth/logout"><button>Sign out</button></form>
`;
