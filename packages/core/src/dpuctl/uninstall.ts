import { findCondition } from '../api/fields/conditions.ts';
import { type DpuOperatorConfig, dpuOperatorConfig } from '../api/kinds/dpu-operator-config.ts';
import { configName } from '../api/names/names.ts';
import { hasFinalizer, Informer, persist } from '../kube/index.ts';
import { createLogger } from '../log.ts';
import { goFinalizer } from '../migrate/go-objects.ts';
import { type Context, UsageError } from './context.ts';

/**
 * Deletes the DpuOperatorConfig and waits until the operator has taken away what it made; prints what that waits for.
 * Nothing is forced: what a pod uses stays until the pod has gone.
 *
 * @throws Error with what is waited for after `timeoutSeconds`; the uninstallation goes on
 */
export async function uninstall({ store, print }: Context, timeoutSeconds: number): Promise<void> {
  const config = await store.get(dpuOperatorConfig, configName);
  if (!config) return print(`there is no DpuOperatorConfig ${configName}: nothing to take away`);
  refuseGoConfig(config);
  await persist(() => store.delete(dpuOperatorConfig, configName, undefined, { uid: config.metadata.uid }));
  print(`DpuOperatorConfig ${configName} is being deleted`);

  let waitingFor = 'the operator has said nothing yet; does it run?';
  const gone = Promise.withResolvers<void>();
  const stop = new AbortController();
  const fieldSelector = `metadata.name=${configName}`;
  const informer = new Informer(store, dpuOperatorConfig, { fieldSelector, logger: createLogger('warn') });
  informer.onChange((now, _, kind) => {
    if (kind === 'deleted' || now.metadata.uid !== config.metadata.uid) return gone.resolve();
    const message = uninstallMessage(now);
    if (message && message !== waitingFor) print(message);
    waitingFor = message ?? waitingFor;
  });
  const late = setTimeout(() => {
    gone.reject(new Error(`not gone after ${timeoutSeconds} s, which goes on: ${waitingFor}`));
  }, timeoutSeconds * 1000);
  try {
    await Promise.race([informer.start(stop.signal), gone.promise]);
    if (!informer.get(configName)) gone.resolve();
    await gone.promise;
    print('everything is taken away');
  } finally {
    clearTimeout(late);
    stop.abort();
  }
}

/** @throws UsageError where the Go operator of the same name made of it what there is */
export function refuseGoConfig(config: DpuOperatorConfig): void {
  if (!hasFinalizer(config, goFinalizer)) return;
  throw new UsageError(
    `DpuOperatorConfig ${configName} has the finalizer ${goFinalizer}, is the Go operator's: see docs/migrate.md`,
  );
}

function uninstallMessage({ status }: DpuOperatorConfig): string | undefined {
  const ready = findCondition(status?.conditions, 'Ready');
  return ready?.reason === 'Uninstalling' ? ready.message : undefined;
}
