import { useState } from 'react';
import { call, keycloak, signIn, signOut } from './keycloak.ts';

export function App({ isSignedIn }: { isSignedIn: boolean }) {
  const [answer, setAnswer] = useState('');
  const show = async (path: string) => setAnswer(await call(path));

  return (
    <main>
      <h1>my-app</h1>
      <p id="person">
        {isSignedIn ? `Signed in as ${keycloak.tokenParsed?.preferred_username}` : 'Not signed in'}
      </p>
      {isSignedIn ? (
        <button id="logout" onClick={signOut}>
          Sign out
        </button>
      ) : (
        <button id="login" onClick={signIn}>
          Sign in
        </button>
      )}
      <button id="me" onClick={() => show('/me')}>
        Who am I?
      </button>
      <button id="admin" onClick={() => show('/admin')}>
        For administrators
      </button>
      <pre id="answer">{answer}</pre>
    </main>
  );
}
