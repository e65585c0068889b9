import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** An image that this repository is built on, or runs beside. */
export interface BaseImage {
  /** The last part of its name, which is that of a stage in stand-ins.Dockerfile: `keycloak`. */
  readonly stage: string;
  /** `quay.io/keycloak/keycloak:26.7.3` */
  readonly name: string;
  /** The number that its tag begins with: `26.7.3`. */
  readonly version: string;
}

/** All that Dockerfile, compose.yaml and compose.scale.yaml name, each once. */
export function baseImages(): BaseImage[] {
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  const files = ['Dockerfile', 'compose.yaml', 'compose.scale.yaml'].map(read).join('\n');
  const names = [...files.matchAll(/^(?:FROM| *image:) *(\S+:\d\S*)/gm)].map(([, name = '']) => name);
  return [...new Set(names)].map((name) => {
    const [, stage = '', version = ''] = /([^/]+):(\d+(?:\.\d+)*)/.exec(name) ?? [];
    return { stage, name, version };
  });
}

export function baseImage(stage: string): BaseImage {
  const image = baseImages().find((one) => one.stage === stage);
  if (image === undefined) throw new Error(`no file names an image ${stage}`);
  return image;
}
