import { JAVA_OPTIONS } from '../../run/keycloak/java-options.ts';
import { docker, REPOSITORY, SHARED, tryDocker } from './docker.ts';
import { type BaseImage, baseImages } from './images.ts';

const HERE = `${REPOSITORY}/tools/check/containers`;

/** Makes the stand-ins that stand-ins.Dockerfile describes, under the names that Dockerfile and the compose files use. */
export async function makeStandIns(): Promise<void> {
  const missing: BaseImage[] = [];
  for (const image of baseImages()) if (!(await has(image.name))) missing.push(image);
  if (missing.length > 0 && !(await has('stand-in/debian')))
    await docker(['import', `${SHARED}/debian.tar`, 'stand-in/debian']);
  await Promise.all(missing.map((image) => build(image)));
}

async function has(name: string): Promise<boolean> {
  return (await tryDocker(['image', 'inspect', name])).code === 0;
}

async function build({ stage, name, version }: BaseImage): Promise<void> {
  const files = stage === 'node' || stage === 'keycloak' ? `${SHARED}/${stage}-${version}` : HERE;
  await docker([
    ...['build', '--file', `${HERE}/stand-ins.Dockerfile`, '--target', stage, '--tag', name],
    ...['--build-arg', `JAVA_OPTIONS=${JAVA_OPTIONS.start}`, files],
  ]);
}
