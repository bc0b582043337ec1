/**
 * What a pod lacks for the networks that it names. Pure: what the networks are has been looked up before.
 *
 * ```
 * annotations by label - networks - resources of the first container - hugepages - /etc/podnetinfo - node selector
 * ```
 *
 * What the user set stays, and a pod that has all of it is left alone: another run over its outcome changes nothing.
 */
import { networkResourceAnnotation, resourceName } from '../api/names/names.ts';
import { isExtendedResource, isLabel } from './kubernetes-names.ts';
import { InjectionError, type NetworkName, networksOf } from './networks.ts';
import type { AddOperation, InjectedContainer, InjectedPod } from './pod.ts';
import { hasNetInfo, netInfoOf } from './pod-net-info.ts';
import type { InjectorSettings } from './settings.ts';

/** On a NetworkAttachmentDefinition: a label, `key=value` or `key`, of the nodes that have the network. */
export const nodeSelectorAnnotation = 'k8s.v1.cni.cncf.io/nodeSelector';

/** A NetworkAttachmentDefinition, by its annotations. */
export type Definition = Readonly<Record<string, string>>;

export interface Injection {
  patch: AddOperation[];
  /** For who makes the pod. */
  warnings: string[];
}

/**
 * The pod's annotations with those that its labels ask for. Its own win; of two labels the first in alphabetical order.
 */
export function annotationsWith({ metadata }: InjectedPod, settings: InjectorSettings): Record<string, string> {
  const labels = metadata.labels ?? {};
  const asked = [...settings.annotationsByLabel]
    .filter(([label]) => Object.hasOwn(labels, label) && labels[label]?.toLowerCase() === 'true')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, annotations]) => annotations);
  return Object.assign({}, ...asked.toReversed(), metadata.annotations);
}

/**
 * @param namespace of the pod
 * @param definitionOf undefined where there is no such NetworkAttachmentDefinition
 * @throws InjectionError when the pod names networks that cannot be injected
 */
export function mutate(
  pod: InjectedPod,
  namespace: string,
  definitionOf: (network: NetworkName) => Definition | undefined,
  settings: InjectorSettings,
): Injection {
  const annotations = annotationsWith(pod, settings);
  const networks = networksOf(annotations, namespace).map((network) => ({
    network,
    definition: found(network, definitionOf(network)),
  }));
  const warnings: string[] = [];
  const wantedLabels = nodeLabels(networks);
  const patch = [
    ...changed('/metadata/annotations', pod.metadata.annotations, annotations),
    ...resourcesAndFiles(pod, countResources(networks), settings),
    ...changed('/spec/nodeSelector', pod.spec.nodeSelector, nodeSelectorWith(pod, wantedLabels, warnings)),
  ];
  return { patch, warnings };
}

interface FoundNetwork {
  network: NetworkName;
  definition: Definition;
}

const nameOf = ({ namespace, name }: NetworkName): string => `${namespace}/${name}`;

function found(network: NetworkName, definition: Definition | undefined): Definition {
  if (definition) return definition;
  throw new InjectionError(
    `there is no NetworkAttachmentDefinition ${nameOf(network)}, which the pod names as its network`,
  );
}

function countResources(networks: readonly FoundNetwork[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { network, definition } of networks) {
    const resource = definition[networkResourceAnnotation];
    if (!resource) continue;
    if (!isExtendedResource(resource)) {
      throw new InjectionError(
        `NetworkAttachmentDefinition ${nameOf(network)}: annotation ${networkResourceAnnotation}: '${resource}' is no name of devices, such as ${resourceName}`,
      );
    }
    counts.set(resource, (counts.get(resource) ?? 0) + 1);
  }
  return counts;
}

function resourcesAndFiles(
  pod: InjectedPod,
  counts: ReadonlyMap<string, number>,
  settings: InjectorSettings,
): AddOperation[] {
  const containers = pod.spec.containers ?? [];
  const [first] = containers;
  // A pod without containers is refused by the API server itself.
  if (counts.size === 0 || !first) return [];
  // The volume says that this pod, or the one that it was copied from, has been here before.
  const isAdding = settings.addToExisting && !hasNetInfo(pod);
  const resources = isAdding ? resourcesPlus(first, counts) : resourcesWith(first, missing(pod, counts));
  return [
    ...changed('/spec/containers/0/resources', first.resources, resources),
    ...netInfoOf(pod, settings.hugepages).flatMap(({ path, before, after }) => changed(path, before, after)),
  ];
}

/**
 * Those that no container asks for: who sets a number himself, in whichever container, is left to it. What an init container
 * asks for is its own only where it runs on beside the others; else the others have it after it.
 */
function missing({ spec }: InjectedPod, counts: ReadonlyMap<string, number>): Map<string, number> {
  const sidecars = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [];
  const asked = [...(spec.containers ?? []), ...sidecars].flatMap(({ resources }) =>
    Object.keys({ ...resources?.requests, ...resources?.limits }),
  );
  return new Map([...counts].filter(([resource]) => !asked.includes(resource)));
}

function resourcesWith({ resources }: InjectedContainer, counts: ReadonlyMap<string, number>) {
  if (counts.size === 0) return resources;
  const added = Object.fromEntries([...counts].map(([resource, count]) => [resource, String(count)]));
  return {
    ...resources,
    requests: { ...resources?.requests, ...added },
    limits: { ...resources?.limits, ...added },
  };
}

function resourcesPlus({ resources }: InjectedContainer, counts: ReadonlyMap<string, number>) {
  const sums = (field: 'requests' | 'limits') => {
    const before = resources?.[field] ?? {};
    const summed = [...counts].map(([resource, count]) => [resource, sum(field, resource, before[resource], count)]);
    return { ...before, ...Object.fromEntries(summed) };
  };
  return { ...resources, requests: sums('requests'), limits: sums('limits') };
}

/** Devices are counted in whole numbers, of which the API server writes 1000 as 1k. */
function sum(field: string, resource: string, before: string | number = 0, count: number): string {
  const [, digits, thousands] = /^(\d+)(k?)$/.exec(String(before)) ?? [];
  if (digits === undefined) {
    throw new InjectionError(`spec.containers[0].resources.${field}.${resource}: '${before}' is no whole number`);
  }
  return String(BigInt(digits) * (thousands ? 1000n : 1n) + BigInt(count));
}

/** By key: what the networks ask of the nodes. */
function nodeLabels(networks: readonly FoundNetwork[]): Map<string, { value: string; by: string }> {
  const labels = new Map<string, { value: string; by: string }>();
  for (const { network, definition } of networks) {
    const text = definition[nodeSelectorAnnotation];
    if (!text) continue;
    const by = nameOf(network);
    const [key = '', value = '', ...more] = text.split('=').map((part) => part.trim());
    if (!isLabel(key, value) || more.length > 0) {
      throw new InjectionError(
        `NetworkAttachmentDefinition ${by}: annotation ${nodeSelectorAnnotation}: '${text}' is not one label, key=value`,
      );
    }
    const other = labels.get(key);
    if (other && other.value !== value) {
      throw new InjectionError(
        `no node has both networks: ${other.by} is on nodes with ${key}=${other.value}, ${by} on those with ${key}=${value}`,
      );
    }
    labels.set(key, { value, by });
  }
  return labels;
}

function nodeSelectorWith(
  { spec }: InjectedPod,
  wanted: ReadonlyMap<string, { value: string; by: string }>,
  warnings: string[],
): Record<string, string> {
  const own = spec.nodeSelector ?? {};
  for (const [key, { value, by }] of wanted) {
    if (!Object.hasOwn(own, key) || own[key] === value) continue;
    warnings.push(`spec.nodeSelector.${key}: stays '${own[key]}', but network ${by} is on nodes with '${value}'`);
  }
  const added = Object.fromEntries([...wanted].map(([key, { value }]) => [key, value]));
  return { ...added, ...own };
}

/** Nothing where before and after say the same; an absent field says the same as an empty one. */
function changed(path: string, before: unknown, after: unknown): AddOperation[] {
  if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(after))) return [];
  return [{ op: 'add', path, value: after }];
}

/** Maps, whose keys have no order, by their keys; lists as they are. */
function sorted(value: unknown): unknown {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
