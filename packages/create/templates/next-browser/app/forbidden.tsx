export default function Forbidden() {
  return (
    <main>
      <h1>Not for you</h1>
      <p>
        You are signed in, but lack a role. <a href="/">Back</a>
      </p>
    </main>
  );
}
