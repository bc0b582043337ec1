/** How consoles show the kinds: their fields by the descriptions of the schemas. */
import { kinds } from '../../api/kinds/kinds.ts';
import { group, version } from '../../api/names/names.ts';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
}

interface Crd {
  spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
}

/** @param crds by the plural of their kind */
export function ownedKinds(crds: ReadonlyMap<string, object>): object[] {
  return kinds.map(({ kind, description, plural }) => {
    const crd = crds.get(plural) as Crd | undefined;
    if (!crd) throw new Error(`${kind}: has no CustomResourceDefinition`);
    const { spec, status } = crd.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
    return {
      name: `${plural}.${group}`,
      kind,
      version,
      displayName: words(kind),
      description,
      specDescriptors: descriptors(spec),
      statusDescriptors: descriptors(status),
    };
  });
}

function descriptors({ properties = {} }: Schema = {}): object[] {
  return Object.entries(properties).map(([path, { description }]) => ({
    path,
    displayName: words(path),
    ...(description && { description }),
    ...(path === 'conditions' && { 'x-descriptors': ['urn:alm:descriptor:io.kubernetes.conditions'] }),
  }));
}

/** `logLevel` and `LogLevel`: Log Level. */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/^./, (first) => first.toUpperCase());
}
