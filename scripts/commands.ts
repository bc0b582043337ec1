/**
 * The commands of Makefile and Taskfile.yaml that are more than one program.
 * Usage: node scripts/commands.ts <command> [image ...]
 */
import { join } from 'node:path';
import { type Builder, findBuilder } from '../test/cluster/engine/engine.ts';
import { isProduct, type ProductImage, parseImageNames, productImages } from '../test/cluster/images/image-inputs.ts';
import { versionOf } from '../test/cluster/images/images.ts';
import { Kubectl } from '../test/cluster/kind/kubectl.ts';
import { repositoryRoot } from '../test/cluster/paths.ts';
import { ensureKubectl } from '../test/cluster/tools.ts';
import { requireCda, setUpClusters } from './cluster-deployment-automation.ts';
import { ask, namespace, operator, parseTargets, reach, requireRemovable, type Side, type Target } from './clusters.ts';
import { deploy, undeploy } from './deploy.ts';
import { build, clean, pullable, push, pushBundle } from './images.ts';
import { checkMigration, migrate, migrateBack } from './migrate.ts';
import { releasePackages } from './packages.ts';
import { type Images, namedImages, parseRegistry, parseTag } from './settings.ts';
import { show } from './show.ts';

const { env } = process;
const log = (text: string): void => console.log(text);

const twoClusters: readonly Side[] = ['host', 'dpu'];
const oneCluster: readonly Side[] = ['one'];

const commands: Record<string, (names: readonly string[]) => Promise<void>> = {
  'build-images': async (names) =>
    eachImage(names, async (name, builder) => void (await build(log, builder, name, await tag()))),
  'push-images': pushImages,
  'clean-images': async (names) => eachImage(names, (name, builder) => clean(log, builder, name)),
  'push-bundle': async ([directory = 'release']) =>
    void (await pushBundle(log, await findBuilder(), directory, await tag(), parseRegistry(env, log))),
  'release-packages': () => releasePackages(env),
  deploy: () => install(twoClusters),
  'deploy-1c': () => install(oneCluster),
  'deploy-cluster-host': () => install(['host']),
  'deploy-cluster-dpu': () => install(['dpu']),
  undeploy: () => remove(twoClusters),
  'undeploy-1c': () => remove(oneCluster),
  redeploy: () => redeploy(twoClusters),
  'redeploy-1c': () => redeploy(oneCluster),
  migrate: async (options) => migrate(log, ...(await oneTarget()), options),
  'migrate-check': async (options) => checkMigration(log, ...(await oneTarget()), options),
  'migrate-back': async () => migrateBack(log, ...(await oneTarget())),
  'install-crds': () => kubectl('apply', '--server-side', '-k', 'config/crd'),
  'uninstall-crds': uninstallCrds,
  run: runHere,
  'prepare-e2e-test': async () => log(`cluster-deployment-automation is at ${requireCda(env, twoClusters).directory}`),
  'e2e-test': () => fromNothing(twoClusters),
  'e2e-test-1-cluster': () => fromNothing(oneCluster),
  'fast-e2e-test': () => onExisting(twoClusters),
  'fast-e2e-test-1c': () => onExisting(oneCluster),
};

async function tag(): Promise<string> {
  return parseTag(env, await versionOf(repositoryRoot));
}

function product(name: string): ProductImage {
  const [known] = parseImageNames([name]);
  if (known && isProduct(known)) return known;
  throw new Error(`${name} is not released; there are ${productImages.join(', ')}`);
}

async function eachImage(
  names: readonly string[],
  work: (name: ProductImage, builder: Builder) => Promise<void>,
): Promise<void> {
  const images = names.length > 0 ? names.map(product) : productImages;
  const builder = await findBuilder();
  for (const name of images) await work(name, builder);
}

async function pushImages(names: readonly string[] = []): Promise<void> {
  const registry = parseRegistry(env, log);
  await eachImage(names, async (name, builder) => void (await push(log, builder, name, await tag(), registry)));
}

async function install(sides: readonly Side[]): Promise<void> {
  const targets = parseTargets(sides, env);
  await deploy(log, targets, namedImages(env) ?? (await pullable(parseRegistry(env, log), await tag())));
}

/** The cluster of KUBECONFIG_HOST, and the images for it. */
async function oneTarget(): Promise<[Target, Images]> {
  const [target] = parseTargets(oneCluster, env);
  if (!target) throw new Error('KUBECONFIG_HOST names no cluster');
  return [target, namedImages(env) ?? (await pullable(parseRegistry(env, log), await tag()))];
}

async function remove(sides: readonly Side[]): Promise<void> {
  await undeploy(log, parseTargets(sides, env));
}

/** Images that the variables name are there already: nothing is built then. */
async function redeploy(sides: readonly Side[]): Promise<void> {
  // Before the images, which take minutes.
  await reach(log, parseTargets(sides, env), requireRemovable);
  if (!namedImages(env)) await pushImages();
  await remove(sides);
  await install(sides);
}

/** What KUBECONFIG and ~/.kube/config say; its words are shown as they come. */
async function kubectl(...args: string[]): Promise<void> {
  await show(await ensureKubectl(log), args);
}

async function uninstallCrds(): Promise<void> {
  const current = new Kubectl(await ensureKubectl(log), env.KUBECONFIG ?? '');
  if ((await ask(current, ['get', operator, '-n', namespace, '-o', 'name'])) !== '') {
    throw new Error(
      'the operator is installed: without its kinds it could take nothing away; use "undeploy-1c" or "undeploy"',
    );
  }
  const held = await heldObjects(current);
  if (held.length > 0) {
    throw new Error(
      `${held.join(', ')}: ${held.length === 1 ? 'its finalizer is' : 'their finalizers are'} for the operator or a daemon to take away, and the kinds would wait for that; ` +
        'use "node packages/core/dist/bundle/dpuctl.mjs uninstall --without-operator" first',
    );
  }
  await kubectl('delete', '--ignore-not-found', '-k', 'config/crd');
}

/** Those with finalizers, of the kinds that may have some. */
async function heldObjects(kubectl: Kubectl): Promise<string[]> {
  const kinds = ['dpuoperatorconfigs', 'dataprocessingunits', 'dpunetworks'].map(
    (plural) => `${plural}.config.openshift.io`,
  );
  const listed = await ask(kubectl, ['get', 'crd', ...kinds, '--output=name']);
  const installed = kinds.filter((name) => listed.includes(`/${name}`));
  if (installed.length === 0) return [];
  const answer = await ask(kubectl, ['get', installed.join(','), '--all-namespaces', '--output=json']);
  const { items } = JSON.parse(answer) as {
    items: { kind: string; metadata: { name: string; finalizers?: string[] } }[];
  };
  return items
    .filter(({ metadata }) => metadata.finalizers?.length)
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

/** The operator as it stands on this machine, until Ctrl+C. */
async function runHere(): Promise<void> {
  const images = namedImages(env) ?? (await pullable(parseRegistry(env, log), await tag()));
  log(`images of daemons and plugins: ${images.operator}, ${images.vsp}`);
  await show(process.execPath, [join(repositoryRoot, 'packages/core/dist/bundle/operator.mjs')], {
    OPERATOR_IMAGE: images.operator,
    VSP_IMAGE: images.vsp,
    NPM_DIRECTORY: join(repositoryRoot, 'packages/core/node_modules/npm'),
  });
}

async function fromNothing(sides: readonly Side[]): Promise<void> {
  await setUpClusters(log, requireCda(env, sides));
  await onExisting(sides);
}

async function onExisting(sides: readonly Side[]): Promise<void> {
  const [host, dpu = host] = parseTargets(sides, env);
  await redeploy(sides);
  const kubeconfigs = { KUBECONFIG_HOST: host?.kubeconfig ?? '', KUBECONFIG_DPU: dpu?.kubeconfig ?? '' };
  await show(process.execPath, ['test/run.ts', 'e2e-real'], kubeconfigs);
}

/**
 * Ctrl+C is for all programs of the group: kubectl and the like end by themselves. Those that it does not reach are ended
 * with this process.
 */
function sayHowToGoOn(): void {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(signal, () => {
      console.error('interrupted: what is done stays, and the same command goes on from there');
      // Behind who hands the signal on.
      setImmediate(() => process.exit(128 + number));
    });
  }
}

const [command = '', ...names] = process.argv.slice(2);
try {
  const work = commands[command];
  if (!work) throw new Error(`there is no command "${command}"; there are ${Object.keys(commands).join(', ')}`);
  // The operator on this machine runs until then.
  if (work !== runHere) sayHowToGoOn();
  await work(names);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
