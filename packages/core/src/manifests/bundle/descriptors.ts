/** How consoles show the kinds: their fields by the descriptions of the schemas. */
import { kinds } from '../../api/kinds.ts';
import { group, version } from '../../api/names.ts';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
}

interface Crd {
  spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
}

const descriptions: Record<string, string> = {
  DpuOperatorConfig: 'Turns the operator on for the cluster; there is one, named dpu-operator-config.',
  DataProcessingUnit: 'One side of a DPU that a daemon has found: which product, on which node, and how it is.',
  DataProcessingUnitConfig: 'Which plugin, version and settings the DPUs that it selects run.',
  ServiceFunctionChain: 'Network functions that the traffic of hosts passes on their DPUs.',
  VendorPlugin: "A vendor's plugin: where it comes from, and which version.",
  DpuNetwork: 'Virtual functions of DPUs that are a network of their own, with a resource that pods ask for.',
};

/** @param crds by the plural of their kind */
export function ownedKinds(crds: ReadonlyMap<string, object>): object[] {
  return kinds.map(({ kind, plural }) => {
    const description = descriptions[kind];
    const crd = crds.get(plural) as Crd | undefined;
    if (!description || !crd) throw new Error(`${kind}: has no description, or no CustomResourceDefinition`);
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
