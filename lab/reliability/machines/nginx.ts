import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild, until } from './child.ts';

const CONFIG = fileURLToPath(new URL('../../../deploy/nginx/keycloak-guard.conf', import.meta.url));
/** Debian has it where not every user's PATH leads. */
const PATH = `${process.env.PATH}:/usr/sbin`;

/** Starts a real nginx with deploy/nginx/keycloak-guard.conf: other ports, nothing else is changed. */
export async function startNginx(
  port: number,
  replicaPorts: readonly number[],
  folder: string,
): Promise<Child> {
  let replica = 0;
  const config = readFileSync(CONFIG, 'utf8')
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace(/server api-\d:8000/g, () => `server 127.0.0.1:${replicaPorts[replica++]}`);
  if (replica !== replicaPorts.length) throw new Error(`${CONFIG} has ${replica} replicas`);
  return runNginx(config, `http://127.0.0.1:${port}/health/live`, folder);
}

/** Starts a real nginx with what belongs into `http { }`. Resolves when it answers at the address, whatever it says. */
export async function runNginx(config: string, address: string, folder: string): Promise<Child> {
  const main = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    main,
    `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log;
events { worker_connections 4096; }
http {
    access_log off;
${temporary.map((name) => `    ${name}_temp_path ${folder}/${name};`).join('\n')}
${config}
}
`,
  );
  const child = await startChild('nginx', ['-p', folder, '-e', join(folder, 'nginx-error.log'), '-c', main], {
    env: { PATH },
    cwd: folder,
    logFile: join(folder, 'nginx.log'),
  });
  await until('nginx answers', async () => {
    if (!child.isRunning) throw new Error(`nginx ended: ${readFileSync(join(folder, 'nginx.log'), 'utf8')}`);
    const answer = await fetch(address).catch(() => undefined);
    await answer?.arrayBuffer();
    return answer !== undefined;
  });
  return child;
}
