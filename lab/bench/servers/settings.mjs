// What every contender is told by the benchmark, and the answer that every contender gives.
export const { PORT, SERVER_URL, REALM, CLIENT_ID } = process.env;
export const issuer = `${SERVER_URL}/realms/${REALM}`;

export const answerSchema = {
  response: {
    200: {
      type: 'object',
      properties: {
        preferred_username: { type: 'string' },
        email: { type: 'string' },
        full_name: { type: 'string' },
      },
    },
  },
};

export const toAnswer = (claims) => ({
  preferred_username: claims.preferred_username,
  email: claims.email,
  full_name: claims.name,
});
