/**
 * The files in /etc/podnetinfo by which a program in the pod learns of its networks: labels and annotations, in which
 * Multus writes what became of them, and the hugepages of each container. Names and format are those of DPDK's and other
 * users of the Go injector. Pure.
 */
import type { InjectedContainer, InjectedPod } from './pod.ts';

const volume = 'podnetinfo';
const mountPath = '/etc/podnetinfo';
/** Of each container that has hugepages: its name, which is part of the names of its files. */
const containerNameVariable = 'CONTAINER_NAME';

/** Sizes as resources and as files name them. */
const hugepageSizes = { 'hugepages-1Gi': '1G', 'hugepages-2Mi': '2M' } as const;
/** Fields as resources and as files name them. */
const amounts = { requests: 'request', limits: 'limit' } as const;

/** A field of the pod before and after. */
export interface FieldChange {
  /** JSON pointer. */
  path: string;
  before: unknown;
  after: unknown;
}

export const hasNetInfo = ({ spec }: InjectedPod): boolean =>
  spec.volumes?.some(({ name }) => name === volume) ?? false;

/** @param hugepages whether those are told too */
export function netInfoOf(pod: InjectedPod, hugepages: boolean): FieldChange[] {
  const { containers, volumes } = pod.spec;
  const all = containers ?? [];
  const hugepageFiles = hugepages ? all.flatMap(hugepageFilesOf) : [];
  const change = (index: number, field: string, before: unknown, after: unknown): FieldChange => ({
    path: `/spec/containers/${index}/${field}`,
    before,
    after,
  });
  return [
    ...all.flatMap((container, index) => {
      const { env, volumeMounts } = container;
      const mounts = change(index, 'volumeMounts', volumeMounts, mountsOf(container));
      const isTold = hugepages && hugepageFilesOf(container).length > 0;
      return isTold ? [mounts, change(index, 'env', env, environmentOf(container))] : [mounts];
    }),
    {
      path: '/spec/volumes',
      before: volumes,
      after: hasNetInfo(pod) ? volumes : [...(volumes ?? []), podNetInfo(hugepageFiles)],
    },
  ];
}

/** Where something else is mounted there already, that stays. */
function mountsOf({ volumeMounts }: InjectedContainer) {
  const own = volumeMounts ?? [];
  if (own.some((mount) => mount.name === volume || mount.mountPath === mountPath)) return volumeMounts;
  return [...own, { name: volume, mountPath, readOnly: true }];
}

function environmentOf({ name, env }: InjectedContainer) {
  const own = env ?? [];
  if (own.some((variable) => variable.name === containerNameVariable)) return env;
  return [...own, { name: containerNameVariable, value: name }];
}

function podNetInfo(hugepageFiles: readonly object[]) {
  const ofPod = ['labels', 'annotations'].map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } }));
  return { name: volume, downwardAPI: { items: [...ofPod, ...hugepageFiles] } };
}

function hugepageFilesOf({ name, resources }: InjectedContainer): object[] {
  return Object.entries(amounts).flatMap(([field, amount]) =>
    Object.entries(hugepageSizes)
      .filter(([resource]) => isSome(resources?.[field as keyof typeof amounts]?.[resource]))
      .map(([resource, size]) => ({
        path: `hugepages_${size}_${amount}_${name}`,
        resourceFieldRef: { resource: `${field}.${resource}`, containerName: name, divisor: '1Mi' },
      })),
  );
}

const isSome = (quantity: string | number | undefined): boolean =>
  quantity !== undefined && !/^0\D*$/.test(String(quantity));
