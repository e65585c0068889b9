// The bill of materials (CycloneDX) of what users get: npm run sbom > sbom.cdx.json
//
// `npm sbom --omit dev` leaves out packages that development needs as well, among them direct dependencies. So npm
// lists everything here, and the lockfile says what stays.
import { execFileSync } from 'node:child_process';
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
const shipped = new Set(productionPackages().map(({ name, version }) => `${name}@${version}`));
const components = bom.components.filter(({ name, version }) => shipped.has(`${name}@${version}`));
const refs = new Set([bom.metadata.component, ...components].map((component) => component['bom-ref']));
const dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
process.stdout.write(`${JSON.stringify({ ...bom, components, dependencies }, null, 2)}\n`);
