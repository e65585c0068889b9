export default function Home() {
  return (
    <main>
      <h1>my-app</h1>
      <p>
        An API: <code>/me</code> and <code>/admin</code> need a token.
      </p>
    </main>
  );
}
