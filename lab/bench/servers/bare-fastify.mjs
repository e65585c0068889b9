import { fastify } from 'fastify';
import { answerSchema, PORT, toAnswer } from './settings.mjs';

const somebody = {
  preferred_username: 'abdullah',
  email: 'abdullah@example.com',
  name: 'Abdullah Alqahtani',
};
const app = fastify();
app.get('/protected', { schema: answerSchema }, () => toAnswer(somebody));
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
