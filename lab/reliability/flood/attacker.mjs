// Sends wrong logins at a fixed rate, whatever comes back, from many addresses. Started by main.ts.
import { Agent, request } from 'node:http';

const { PORT, RATE, ADDRESSES } = process.env;
const rate = Number(RATE);
const addresses = Number(ADDRESSES);
const agent = new Agent({ keepAlive: true, maxSockets: 3_000 });
const answers = {};
let sent = 0;
let under = 0;

function guess() {
  sent++;
  if (under >= 3_000) return void count('not sent: 3,000 under way');
  under++;
  const body = `username=guess-${sent % 5_000}&password=guess`;
  const post = request(
    {
      ...{ agent, port: Number(PORT), host: '127.0.0.1', method: 'POST', path: '/login' },
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': body.length,
        'x-forwarded-for': `203.0.113.${sent % addresses}`,
      },
    },
    (answer) => {
      answer.resume();
      answer.on('close', () => done(answer.statusCode));
    },
  );
  post.on('error', (error) => done(error.code));
  post.end(body);
}

function done(what) {
  under--;
  count(what);
}

function count(what) {
  answers[what] = (answers[what] ?? 0) + 1;
}

const begin = performance.now();
const timer = setInterval(() => {
  const due = ((performance.now() - begin) / 1000) * rate;
  while (sent < due) guess();
}, 5);

process.on('message', () => {
  clearInterval(timer);
  process.send({ answers, sent, seconds: (performance.now() - begin) / 1000 }, () => process.exit());
});
