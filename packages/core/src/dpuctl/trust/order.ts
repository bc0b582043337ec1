import { setTimeout as sleep } from 'node:timers/promises';
import { annotations, trustNames } from '../../api/names/names.ts';
import { configMap, isConflict } from '../../kube/index.ts';
import { type Context, UsageError } from '../context.ts';
import { type OwnTrust, ownTrust } from './own-trust.ts';

const waitMs = 60_000;
const pauseMs = 500;

/**
 * Gives the operator an order and waits until it is followed.
 *
 * @returns what the operator publishes then.
 * @throws UsageError when the operator refuses, or does not answer within a minute.
 */
export async function giveOrder(context: Context, order: string, { resourceVersion, order: pending }: OwnTrust) {
  const { store, namespace } = context;
  if (pending !== undefined) {
    throw new UsageError(`the operator has an order to follow first: ${pending}; does it run? (${look(namespace)})`);
  }
  const { configMap: name } = trustNames;
  const notes = { [annotations.trustOrder]: order, [annotations.trustOrderRefused]: null };
  try {
    // With its version: another's order is not overwritten.
    await store.patch(configMap, name, namespace, { metadata: { resourceVersion, annotations: notes } });
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new UsageError('the trust was changed at this moment; give the command again', { cause: error });
  }
  return await followed(context, order);
}

async function followed(context: Context, order: string): Promise<OwnTrust> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    const trust = await ownTrust(context);
    if (trust.order === undefined) {
      if (trust.refused !== undefined) throw new UsageError(`the operator refused: ${trust.refused}`);
      return trust;
    }
    await sleep(pauseMs);
  }
  throw new UsageError(
    `the operator has not followed the order ${order} within ${waitMs / 1000} s; it will when it runs (${look(context.namespace)})`,
  );
}

function look(namespace: string): string {
  return `kubectl get pods -n ${namespace}`;
}
