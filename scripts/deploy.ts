/** Installs the operator in clusters and removes it, the way docs/install.md tells a person to. */
import { existsSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { replacement } from '../packages/core/src/manifests/image.ts';
import { productImages } from '../test/cluster/images/image-inputs.ts';
import type { Kubectl } from '../test/cluster/kind/kubectl.ts';
import { repositoryRoot } from '../test/cluster/paths.ts';
import { type Log, step } from '../test/cluster/progress.ts';
import { run } from '../test/cluster/run.ts';
import {
  ask,
  namespace,
  operator,
  type Reached,
  reach,
  requireInstallable,
  requireRemovable,
  type Target,
} from './clusters.ts';
import type { Images } from './settings.ts';
import { show } from './show.ts';

/** Seconds for images to be pulled and containers to start. */
const readySeconds = 300;

/** Seconds for what is on the nodes to be taken away. */
const uninstallSeconds = 600;

export const dpuctl = join(repositoryRoot, 'packages/core/dist/bundle/dpuctl.mjs');

const kinds = join(repositoryRoot, 'config/crd');

/** All that any overlay has but its DpuOperatorConfig, which is deleted first. */
const everything = join(repositoryRoot, 'config/default');

interface Work extends Reached {
  manifests: string;
}

/**
 * Installs, or brings what is installed to these images. Before anything is changed every cluster is asked and every
 * manifest rendered.
 *
 * @throws Error that says what stands in the way, or what has been done and how to go on
 */
export async function deploy(
  log: Log,
  targets: readonly Target[],
  images: Images,
  { takesOver = false }: { takesOver?: boolean } = {},
): Promise<void> {
  // Kinds that another operator has applied keep their objects and become ours.
  const apply = ['apply', '--server-side', ...(takesOver ? ['--force-conflicts'] : []), '-f', '-'];
  log(`images: ${productImages.map((name) => images[name]).join(', ')}`);
  const reached = await reach(log, targets, requireInstallable);
  const works: Work[] = [];
  for (const { target, kubectl } of reached) {
    works.push({ target, kubectl, manifests: await render(kubectl, target, images) });
  }
  const done: string[] = [];
  for (const { target, kubectl, manifests } of works) {
    try {
      await step(log, `apply to the ${target.name}`, async () => {
        // An overlay may have an object of our kinds, which the API server does not know at once.
        const crds = await kubectl.run(['kustomize', kinds]);
        await kubectl.run(apply, crds);
        await kubectl.run(['wait', '--for=condition=Established', '--timeout=60s', '-f', '-'], crds);
        await kubectl.run(apply, manifests);
      });
      await step(log, `wait for the operator of the ${target.name}`, () => untilReady(kubectl));
    } catch (error) {
      const before = done.length > 0 ? ` The operator is ready in: ${done.join(', ')}.` : '';
      throw new Error(
        `${messageOf(error)}\nWhat was applied to the ${target.name} stays.${before} ` +
          'Mend the cause and run the same command again, or the one with "undeploy".',
      );
    }
    done.push(target.name);
  }
  log(`ready: ${done.join(', ')}`);
}

/** The overlay with these images. A kustomization of its own, so that nothing in config/ is changed. */
async function render(kubectl: Kubectl, target: Target, images: Images): Promise<string> {
  const overlay = overlayOf(target);
  const directory = join(repositoryRoot, '.build/deploy', target.side);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await cp(join(everything, 'images.yaml'), join(directory, 'images.yaml'));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [`../../../config/${overlay}`],
    configurations: ['images.yaml'],
    images: productImages.map((name) => replacement(`dpu-operator/${name}`, images[name])),
  };
  await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization));
  return run([kubectl.program, 'kustomize', directory]);
}

function overlayOf({ overlays }: Target): string {
  const found = overlays.find((name) => existsSync(join(repositoryRoot, 'config', name, 'kustomization.yaml')));
  if (!found) throw new Error(`config/ has none of ${overlays.join(', ')}: run "make manifests"`);
  return found;
}

/** @throws Error with what its pods say */
async function untilReady(kubectl: Kubectl): Promise<void> {
  const args = ['rollout', 'status', '-n', namespace, operator, `--timeout=${readySeconds}s`];
  const { exitCode, stderr } = await kubectl.try(args);
  if (exitCode === 0) return;
  const columns =
    'custom-columns=POD:.metadata.name,PHASE:.status.phase,WAITS:.status.containerStatuses[*].state.waiting.message';
  const pods = await ask(kubectl, ['get', 'pods', '-n', namespace, '-o', columns]);
  throw new Error(`the operator is not ready after ${readySeconds} s: ${stderr.trim()}\n${pods}`);
}

/**
 * Removes the operator with all that it made on nodes and in the cluster, its kinds included. Already gone is no error.
 *
 * @throws Error that says what is left and how to go on
 */
export async function undeploy(log: Log, targets: readonly Target[]): Promise<void> {
  const works = await reach(log, targets, requireRemovable);
  // The DPUs' cluster comes last: the hosts' daemons tell its daemons what goes.
  for (const { target, kubectl } of works) {
    if ((await ask(kubectl, ['get', 'crd', 'dpuoperatorconfigs.config.openshift.io', '-o', 'name'])) !== '') {
      await step(log, `take away what the operator made in the ${target.name}`, () => uninstall(target));
    }
    await step(log, `delete the operator from the ${target.name}`, () =>
      kubectl.run(['delete', '--ignore-not-found', `--timeout=${readySeconds}s`, '-k', everything]),
    );
  }
  log(`removed from: ${works.map(({ target }) => target.name).join(', ')}`);
}

/** What it waits for is shown as it comes. */
async function uninstall({ kubeconfig, name }: Target): Promise<void> {
  const argv = [dpuctl, '--kubeconfig', kubeconfig, 'uninstall', '--timeout', `${uninstallSeconds}`];
  try {
    await show(process.execPath, argv);
  } catch (error) {
    throw new Error(
      `The operator stays in the ${name}, since only it can take away what is on the nodes. ` +
        'Where it does not run, deploy it again; then run the same command again.',
      { cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
