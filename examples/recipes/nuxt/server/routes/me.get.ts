export default fromFetch(
  kc.guard({}, (_request, { principal }) => Response.json({ hello: principal.username })),
);
