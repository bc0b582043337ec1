/** `dpuctl uninstall --without-operator`: what the operator would do, by its own code, where there is none any more. */
import 'reflect-metadata';
import { dataProcessingUnit } from '../api/kinds/data-processing-unit.ts';
import { dpuOperatorConfig } from '../api/kinds/dpu-operator-config.ts';
import { configName, finalizers, labels } from '../api/names/names.ts';
import { isBeingDeleted, node, persist, removeFinalizer } from '../kube/index.ts';
import { createLogger } from '../log.ts';
import { Uninstaller } from '../operator/config/uninstaller.ts';
import { Caches } from '../operator/shared/caches.ts';
import type { Context } from './context.ts';
import { refuseGoConfig } from './uninstall.ts';
import { daemonsAtWork, requireAlone } from './uninstall-checks.ts';

export interface AloneOptions {
  timeoutSeconds: number;
  /** Whether nodes are let go of on which no daemon is left to clean up. */
  withoutDaemons: boolean;
}

/**
 * Takes away what the operator made, in its order. Daemons that still run clean up their nodes.
 *
 * @throws UsageError as {@link requireAlone} does, Error with what is waited for after `timeoutSeconds`; again goes on
 */
export async function uninstallAlone(context: Context, options: AloneOptions): Promise<void> {
  const { store, namespace, print } = context;
  await requireAlone(context, options);
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
        : 'the API server has not said yet what there is';
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
