// Login, callback, session, logout.
export default fromFetch(
  async (request) => (await kc.handle(request)) ?? new Response(null, { status: 404 }),
);
