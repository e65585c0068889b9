import express from 'express';
import { PORT, toAnswer } from './settings.mjs';

const somebody = {
  preferred_username: 'abdullah',
  email: 'abdullah@example.com',
  name: 'Abdullah Alqahtani',
};
const app = express();
app.get('/protected', (_request, response) => response.json(toAnswer(somebody)));
app.listen(Number(PORT), '127.0.0.1');
