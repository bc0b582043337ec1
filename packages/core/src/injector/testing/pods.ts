/** Pods for tests, and what becomes of them. */
import { annotations, networkResourceAnnotation, networksAnnotation, resourceName } from '../../api/names/names.ts';
import { annotationsWith, type Definition, type Injection, mutate, nodeSelectorAnnotation } from '../mutate.ts';
import { networksOf, notThere } from '../networks.ts';
import { type AddOperation, podSchema } from '../pod.ts';
import { defaultSettings, type InjectorSettings } from '../settings.ts';

export interface TestPod {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> | null };
  spec: {
    // biome-ignore lint/suspicious/noExplicitAny: a pod as users write it, in any shape
    containers?: any[] | null;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    initContainers?: any[] | null;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    volumes?: any[] | null;
    nodeSelector?: Record<string, string> | null;
    resourceClaims?: { name: string; [field: string]: unknown }[] | null;
  };
}

/** By namespace and name. */
export const definitions: Record<string, Definition> = {
  'default/net': { [networkResourceAnnotation]: resourceName },
  'default/other': { [networkResourceAnnotation]: 'example.com/other' },
  'default/plain': {},
  'default/claimed': { [networkResourceAnnotation]: 'example.com/claimed', [annotations.devicesByClaim]: 'true' },
  'default/zone-a': { [nodeSelectorAnnotation]: 'zone = a' },
  'default/zone-b': { [nodeSelectorAnnotation]: 'zone=b', [networkResourceAnnotation]: 'example.com/b' },
  'default/flag': { [nodeSelectorAnnotation]: 'has-dpu' },
  'default/blank': { [nodeSelectorAnnotation]: '', [networkResourceAnnotation]: '' },
  'default/inherited': { [nodeSelectorAnnotation]: 'constructor' },
  'default/spaced': { [nodeSelectorAnnotation]: 'zone=Zone A' },
  'default/cpu': { [networkResourceAnnotation]: 'cpu' },
  'default/own': { [networkResourceAnnotation]: 'kubernetes.io/batch' },
  'default/words': { [networkResourceAnnotation]: 'example.com/two words' },
  'default/long': { [networkResourceAnnotation]: `example.com/${'x'.repeat(64)}` },
  'default/a.b': { [networkResourceAnnotation]: 'example.com/dotted' },
  'default/broken': { [nodeSelectorAnnotation]: 'a=b=c' },
  'team/net': { [networkResourceAnnotation]: 'example.com/team' },
};

export const netInfo = { name: 'podnetinfo', mountPath: '/etc/podnetinfo', readOnly: true };

export function podWith(
  networks: string | undefined,
  spec: TestPod['spec'] = { containers: [{ name: 'app' }] },
): TestPod {
  return { metadata: { annotations: networks === undefined ? {} : { [networksAnnotation]: networks } }, spec };
}

export function injectInto(pod: TestPod, settings: Partial<InjectorSettings> = {}): Injection {
  const parsed = podSchema.parse(pod);
  const all = { ...defaultSettings, ...settings };
  const named = annotationsWith(parsed, all);
  const networks = networksOf(named, 'default').map(({ namespace, name }) => {
    const key = `${namespace}/${name}`;
    const definition = definitions[key];
    if (!definition) throw notThere(key);
    return { name: key, definition };
  });
  return mutate(parsed, named, networks, all);
}

/** The pod with the operations done to it, as the API server does them. */
function patched(pod: TestPod, operations: readonly AddOperation[]): TestPod {
  const result = structuredClone(pod);
  for (const { path, value } of operations) {
    const keys = path.split('/').slice(1);
    const last = keys.pop() ?? '';
    // biome-ignore lint/suspicious/noExplicitAny: a path leads anywhere
    const parent = keys.reduce<any>((at, key) => at[key], result);
    if (typeof parent !== 'object' || parent === null) throw new Error(`${path}: its parent is not there`);
    parent[last] = value;
  }
  return result;
}

export const outcome = (pod: TestPod, settings: Partial<InjectorSettings> = {}): TestPod =>
  patched(pod, injectInto(pod, settings).patch);
