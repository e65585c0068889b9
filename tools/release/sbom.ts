// The bill of materials (CycloneDX) of what users get: npx tsx tools/release/sbom.ts > sbom.cdx.json
//
// `npm sbom --omit dev` leaves out packages that development needs as well, among them direct dependencies. So npm
// lists everything here, and the lockfile says what stays.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { productionPackages } from './production-packages.ts';

interface Component {
  'bom-ref': string;
  name: string;
  version: string;
}
interface Bom {
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const bom = JSON.parse(text) as Bom;
const { component: repository } = bom.metadata;
const own = readdirSync('packages').map((folder) => {
  const { name, version } = JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8')) as Component;
  return `${name}@${version}`;
});
const shipped = new Set([...own, ...productionPackages().map(({ name, version }) => `${name}@${version}`)]);
// npm takes the name of a folder here for that of the package in it.
const components = bom.components
  .filter((component) => shipped.has(component['bom-ref']))
  .map((component) => ({ ...component, name: component['bom-ref'].replace(/@[^@]+$/, '') }));
const dependencies = bom.dependencies
  .filter(({ ref }) => shipped.has(ref) || ref === repository['bom-ref'])
  .map(({ ref, dependsOn }) => ({
    ref,
    // What the repository itself needs is for development.
    dependsOn: dependsOn.filter((one) => (ref === repository['bom-ref'] ? own : [...shipped]).includes(one)),
  }));
const metadata = { ...bom.metadata, component: { ...repository, name: 'keycloak-guard-repository' } };
process.stdout.write(`${JSON.stringify({ ...bom, metadata, components, dependencies }, null, 2)}\n`);
