/** What an admin types to bring a cluster to a release, and how one sees that it is there. */
import type { Kubectl } from '../cluster/index.ts';
import { documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { namespace } from '../support/on-clusters/operator.ts';
import { type Tags, withRelease } from './release.ts';

export const guide = 'docs/upgrade.md';

/** Types what stands under a heading of the guide, for a checkout's manifests with these tags. */
export async function follow(kubectl: Kubectl, heading: string, checkout: string, tags: Tags): Promise<void> {
  const commands = await documentCommands(guide, heading);
  if (!commands.join().includes('config/default')) throw new Error(`${guide}, "${heading}", does not apply a release`);
  await withRelease(checkout, tags, async (directory) => {
    for (const command of commands) {
      const [program, ...args] = command.replace('config/default', directory).split(' ');
      if (program !== 'kubectl') throw new Error(`${guide}: "${command}" is no command of kubectl`);
      await kubectl.run(args);
    }
  });
}

/** Something of the pods with a label, in one line. */
export async function ofPods(kubectl: Kubectl, label: string, path: string): Promise<string[]> {
  const pods = ['get', 'pod', '-n', namespace, '-l', label, '-o', `jsonpath={.items[*]${path}}`];
  return (await kubectl.run(pods)).trim().split(' ').filter(Boolean);
}

export const imagesOf = (kubectl: Kubectl, label: string) => ofPods(kubectl, label, '.spec.containers[0].image');

/** @param count of nodes with a DPU */
export async function operatorAndDaemonsAre(kubectl: Kubectl, tag: string, count: number): Promise<void> {
  const operator = 'deployment/dpu-operator-controller-manager';
  await kubectl.run(['rollout', 'status', '-n', namespace, operator, '--timeout=300s']);
  await untilImages(kubectl, 'app=dpu-daemon', tag, count);
  await kubectl.run(['rollout', 'status', '-n', namespace, 'daemonset/dpu-daemon', '--timeout=300s']);
}

/** @param count of DPUs */
export const pluginsAre = (kubectl: Kubectl, tag: string, count: number) => untilImages(kubectl, 'app=vsp', tag, count);

async function untilImages(kubectl: Kubectl, label: string, tag: string, count: number): Promise<void> {
  await eventually(
    `pods with ${label} are of ${tag}`,
    () => imagesOf(kubectl, label),
    (images) => images.length === count && images.every((image) => image.endsWith(`:${tag}`)),
  );
}
