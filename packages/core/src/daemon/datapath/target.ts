/** Where items are held. */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { bridgePortId, keyOf } from './items.ts';
import type { Action } from './plan.ts';

export interface Target {
  /** Bridge ports that it holds for us; undefined where it cannot say. */
  listBridgePorts(): Promise<BridgePort[] | undefined>;
  /** May be repeated. Creating what is there with other content replaces it, deleting what is absent is no error. */
  perform(action: Action): Promise<void>;
  /** Tells of bridge ports that it had and fails with, until {@link Target.close}. Absent where it never says so. */
  watch?(onRelapse: RelapseListener): void;
  close?(): void;
}

/** Called with the names of bridge ports, and what is wrong with each. */
export type RelapseListener = (relapses: ReadonlyMap<string, DpuError>) => void;

export interface BridgePortCalls {
  createBridgePort(port: BridgePort): Promise<BridgePort>;
  deleteBridgePort(name: string, options: { allowMissing: boolean }): Promise<void>;
  listBridgePorts(): Promise<BridgePort[]>;
}

export async function performOnBridgePort(client: BridgePortCalls, { call, item }: Action): Promise<void> {
  if (item.kind !== 'bridgePort')
    throw new DpuError('UNIMPLEMENTED', `${keyOf(item)}: only bridge ports are held here`);
  const { port } = item;
  const remove = () => ignoreAbsence(client.deleteBridgePort(bridgePortId(port.name), { allowMissing: true }));
  if (call === 'create') {
    await orElse(client.createBridgePort(port), 'ALREADY_EXISTS', async () => {
      await remove();
      await client.createBridgePort(port);
    });
    return;
  }
  await remove();
  if (call === 'replace') await client.createBridgePort(port);
}

/** What happens instead where a call fails with this code. */
export async function orElse(call: Promise<unknown>, code: DpuError['code'], instead: () => Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (DpuError.from(error).code !== code) throw error;
    await instead();
  }
}

/**
 * Awaits a deletion. A target that does not know the thing, or nothing of the kind, has none: were that an error, a
 * pod could not be deleted because it could not be made.
 */
export async function ignoreAbsence(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!['NOT_FOUND', 'UNIMPLEMENTED'].includes(DpuError.from(error).code)) throw error;
  }
}

/** Whether the target may have done it although the call failed. */
export function outcomeUnknown(error: unknown): boolean {
  return ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'].includes(DpuError.from(error).code);
}
