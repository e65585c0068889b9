/** Signing out is a form, because it changes something. */
export const home = `<!doctype html>
<title>my-app</title>
<h1>my-app</h1>
<p><a href="/me">Who am I?</a> · <a href="/admin">For administrators</a></p>
<p id="in" hidden><a href="/auth/login">Sign in</a></p>
<form id="out" hidden method="post" action="/auth/logout"><button>Sign out</button></form>
<script type="module">
  const { authenticated } = await (await fetch('/auth/session')).json();
  document.getElementById(authenticated ? 'out' : 'in').hidden = false;
</script>
`;
