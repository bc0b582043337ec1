/** The volumes of a VSP's pod, and where its containers have them. */
import type { ContainerNeeds, FilesNeed, ResourcesNeed } from '@dpu-operator/sdk/manifest';
import { canonicalJson } from '../../shared/canonical-json.ts';

export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: true;
  mountPropagation?: string;
}

/** Gives each source one volume, however many containers mount it. Names begin with dpu-, as no overlay's do. */
export class PodVolumes {
  readonly #names = new Map<string, string>();
  readonly #volumes: object[] = [];

  get all(): readonly object[] {
    return this.#volumes;
  }

  /** @param source As in a volume, without its name. */
  mount(source: object, mountPath: string, more: Omit<VolumeMount, 'name' | 'mountPath'> = {}): VolumeMount {
    return { name: this.#nameOf(source), mountPath, ...more };
  }

  /** A directory of its own, which another one of the same kind is not. */
  scratch(name: string, mountPath: string): VolumeMount {
    const full = `dpu-${name}`;
    if (!this.#names.has(full)) {
      this.#names.set(full, full);
      this.#volumes.push({ name: full, emptyDir: {} });
    }
    return { name: full, mountPath };
  }

  #nameOf(source: object): string {
    const key = canonicalJson(source);
    const known = this.#names.get(key);
    if (known) return known;
    const name = `dpu-${this.#volumes.length}`;
    this.#names.set(key, name);
    this.#volumes.push({ name, ...source });
    return name;
  }
}

/** A directory or file of the node; where `create` is not said, a pod that needs it does not start without it. */
export function nodePath(path: string, type: '' | 'DirectoryOrCreate' | 'CharDevice' | 'BlockDevice' = '') {
  return { hostPath: { path, type } };
}

/** What a container asks for of its node. */
export function needsMounts(
  { hostPaths = [], devices = [], resources }: ContainerNeeds,
  volumes: PodVolumes,
): VolumeMount[] {
  return [
    ...hostPaths.map(({ path, at, readOnly, propagation }) =>
      volumes.mount(nodePath(path), at ?? path, {
        ...(readOnly && { readOnly }),
        ...(propagation && { mountPropagation: propagation }),
      }),
    ),
    ...devices.map(({ path, at, type }) =>
      volumes.mount(nodePath(path, type === 'block' ? 'BlockDevice' : 'CharDevice'), at ?? path),
    ),
    ...pageSizes(resources).map((size) =>
      volumes.mount({ emptyDir: { medium: `HugePages-${size}` } }, `/dev/hugepages-${size}`),
    ),
  ];
}

/** Keys of a Secret or ConfigMap. One that is not there holds no pod up: the VSP says which, and starts when it comes. */
export function filesMount(
  kind: 'secret' | 'configMap',
  name: string,
  { keys }: FilesNeed,
  mountPath: string,
  volumes: PodVolumes,
): VolumeMount {
  const items = keys.map((key) => ({ key, path: key }));
  const of = kind === 'secret' ? { secretName: name } : { name };
  // Only its user: the VSP's.
  const source = { [kind]: { ...of, items, optional: true, defaultMode: 0o400 } };
  return volumes.mount(source, mountPath, { readOnly: true });
}

const defaultRequests = { cpu: '10m', memory: '64Mi' };

/**
 * Huge pages are no share: what is asked for is what there is.
 *
 * @param defaultLimits of a container that says nothing of its memory
 */
export function containerResources(resources: ResourcesNeed | undefined, defaultLimits: { memory?: string } = {}) {
  const { requests, limits, hugePages = {} } = resources ?? {};
  const pages = Object.fromEntries(Object.entries(hugePages).map(([size, amount]) => [`hugepages-${size}`, amount]));
  const isSaid = requests?.memory !== undefined || limits?.memory !== undefined;
  const most = { ...(isSaid ? {} : defaultLimits), ...limits, ...pages };
  return {
    // No more than the limit, where only that is said.
    requests: { ...defaultRequests, ...limits, ...requests, ...pages },
    ...(Object.keys(most).length > 0 && { limits: most }),
  };
}

function pageSizes(resources: ResourcesNeed | undefined): string[] {
  return Object.keys(resources?.hugePages ?? {}).sort();
}
