import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { CLIENT_ID, issuer, PORT, toAnswer } from './settings.mjs';

const app = express();
app.get('/protected', auth({ issuerBaseURL: issuer, audience: CLIENT_ID }), (request, response) =>
  response.json(toAnswer(request.auth.payload)),
);
app.use((error, _request, response, _next) =>
  response.status(error.status ?? 500).json({ detail: error.message }),
);
app.listen(Number(PORT), '127.0.0.1');
