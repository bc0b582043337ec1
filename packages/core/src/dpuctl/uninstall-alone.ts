/** `dpuctl uninstall --without-operator`: what the operator would do, by its own code, where there is none any more. */
import 'reflect-metadata';
import { dataProcessingUnit } from '../api/data-processing-unit.ts';
import { dpuOperatorConfig } from '../api/dpu-operator-config.ts';
import { configName, finalizers, labels, operatorNamespace, workloads } from '../api/names.ts';
import { isBeingDeleted, node, type Pod, persist, pod, removeFinalizer, serviceAccount } from '../kube/index.ts';
import { keyOf } from '../kube/resource.ts';
import { createLogger } from '../log.ts';
import { Uninstaller } from '../operator/config/uninstaller.ts';
import { Caches } from '../operator/shared/caches.ts';
import { type Context, UsageError } from './context.ts';
import { refuseGoConfig } from './uninstall.ts';

export interface AloneOptions {
  timeoutSeconds: number;
  /** Whether nodes are let go of on which no daemon is left to clean up. */
  withoutDaemons: boolean;
}

/**
 * Takes away what the operator made, in its order. Daemons that still run clean up their nodes.
 *
 * @throws UsageError while an operator runs, ours or the Go one, Error with what is waited for after `timeoutSeconds`; again goes on
 */
export async function uninstallAlone(context: Context, options: AloneOptions): Promise<void> {
  const { store, namespace, print } = context;
  const operators = await podsWith(context, `app=${workloads.operator}`);
  if (operators.length > 0) {
    throw new UsageError(
      `the operator is there (${list(operators)}): leave --without-operator out, or delete its Deployment first`,
    );
  }
  const others = await podsWith(context, 'control-plane=controller-manager', namespace);
  if (others.length > 0) {
    throw new UsageError(`the Go operator is there (${list(others)}), what is here is its: see docs/migrate.md`);
  }
  if (namespace !== operatorNamespace) {
    const elsewhere = (await podsWith(context, daemons)).filter(({ metadata }) => metadata.namespace !== namespace);
    if (elsewhere.length > 0) throw new UsageError(`daemons are not in namespace ${namespace}: ${list(elsewhere)}`);
  }
  const { cutOff } = await daemonsAtWork(context);
  if (cutOff.length > 0 && !options.withoutDaemons) {
    throw new UsageError(
      `daemons can clean nothing up, since their ServiceAccount ${workloads.daemon} is gone: ${list(cutOff)}. Install the operator again, ` +
        `then kubectl rollout restart -n ${namespace} daemonset/${workloads.daemon}, and uninstall; or give --without-daemons, which leaves what is on their nodes`,
    );
  }
  const stop = new AbortController();
  const late = AbortSignal.timeout(options.timeoutSeconds * 1000);
  const caches = new Caches(store, { namespace }, createLogger('warn'));
  const uninstaller = new Uninstaller(store, caches, { namespace });
  const config = await store.get(dpuOperatorConfig, configName);
  if (config) {
    refuseGoConfig(config);
    await persist(() => store.delete(dpuOperatorConfig, configName, undefined, { uid: config.metadata.uid }));
  }
  try {
    await caches.start(AbortSignal.any([stop.signal, late])).catch((error) => {
      if (!late.aborted) throw error;
    });
    let said: string | undefined;
    let wake = () => {};
    caches.onChange(() => wake());
    late.addEventListener('abort', () => wake());
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      // What is not known yet is not gone.
      const waitsFor = caches.synced
        ? await persist(() => uninstaller.takeAway())
        : 'the API server has not said yet what there is; where kinds were deleted: kubectl apply --server-side --force-conflicts -k config/crd';
      if (waitsFor === undefined) break;
      if (waitsFor !== said) print(waitsFor);
      said = waitsFor;
      if (options.withoutDaemons) await persist(() => letGo(context, caches));
      if (late.aborted) throw new Error(`not gone after ${options.timeoutSeconds} s: ${waitsFor}`);
      await changed;
    }
  } finally {
    stop.abort();
  }
  const left = await store.get(dpuOperatorConfig, configName);
  if (left && isBeingDeleted(left)) await removeFinalizer(store, dpuOperatorConfig, left, finalizers.operator);
  print('everything is taken away');
}

/** Of the DPUs and labels of nodes where no daemon is at work: nobody would ever take these away. */
async function letGo(context: Context, caches: Caches): Promise<void> {
  const { store, print } = context;
  const served = (await daemonsAtWork(context)).nodes;
  for (const dpu of caches.dpus.list()) {
    if (!isBeingDeleted(dpu) || served.has(dpu.spec.nodeName)) continue;
    await removeFinalizer(store, dataProcessingUnit, dpu, finalizers.daemon);
    print(`DataProcessingUnit ${dpu.metadata.name}: let go, no daemon is on ${dpu.spec.nodeName}`);
  }
  for (const { metadata } of caches.nodes.list()) {
    if (metadata.labels?.[labels.nodeSide] === undefined || served.has(metadata.name)) continue;
    await store.patch(node, metadata.name, undefined, { metadata: { labels: { [labels.nodeSide]: null } } });
    print(`node ${metadata.name}: let go, no daemon is on it; restart it`);
  }
}

/** One whose account is gone, as by `helm uninstall --no-hooks`, is refused by the API server whatever it asks. */
async function daemonsAtWork(context: Context): Promise<{ nodes: Set<string | undefined>; cutOff: Pod[] }> {
  const pods = await podsWith(context, daemons);
  const isCutOff = await Promise.all(
    pods.map(({ metadata }) => context.store.isAbsent(serviceAccount, workloads.daemon, metadata.namespace)),
  );
  return {
    nodes: new Set(pods.filter((_, index) => !isCutOff[index]).map(({ spec }) => spec.nodeName)),
    cutOff: pods.filter((_, index) => isCutOff[index]),
  };
}

const daemons = `app=${workloads.daemon}`;

/** @param namespace Default: all, since --namespace may name a wrong one, where nothing is. */
async function podsWith({ store }: Context, labelSelector: string, namespace?: string): Promise<Pod[]> {
  const { items } = await store.list(pod, { labelSelector, ...(namespace !== undefined && { namespace }) });
  return items.filter((one) => !isBeingDeleted(one));
}

const list = (pods: readonly Pod[]): string => pods.map(keyOf).join(', ');
