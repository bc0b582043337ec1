/**
 * The bridge ports that hosts have asked one DPU for.
 *
 * Guarantees: a port is on disk before the VSP hears of it, and a deletion is on disk before it is answered, so both
 * survive a crash of this daemon and of the VSP; {@link BridgePortKeeper.replay} brings a VSP that started afresh to
 * what is recorded. Creating what is there and deleting (with `allowMissing`) what is not are no errors. Requests for
 * one port are served in the order in which they came. A port whose creation the VSP refused is forgotten; one whose
 * outcome is unknown (the VSP died meanwhile) is kept until its host says otherwise.
 */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { z } from 'zod';
import { JsonFiles } from '../state/json-files.ts';
import { KeyedLock } from '../state/keyed-lock.ts';

const bridgePortSchema = z.object({
  name: z.string().regex(/^(bridgePorts\/)?[a-z0-9-]{4,63}$/, 'must be 4 to 63 of a-z, 0-9 and -'),
  macAddress: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'must be 6 bytes'),
  type: z.enum(['ACCESS', 'TRUNK']),
  logicalBridges: z.array(z.string().min(1).max(64)).max(4094),
});

const recordSchema = z.object({ port: bridgePortSchema, deleting: z.boolean() });
type Record = z.infer<typeof recordSchema>;

/** What a VSP does with bridge ports. */
export interface BridgePortTarget {
  createBridgePort(port: BridgePort): Promise<BridgePort>;
  deleteBridgePort(name: string, options: { allowMissing: boolean }): Promise<void>;
}

export class BridgePortKeeper {
  readonly #records: JsonFiles<Record>;
  readonly #vsp: () => BridgePortTarget | undefined;
  readonly #onDeleted: () => void;
  readonly #logger: Logger;
  readonly #lock = new KeyedLock();

  /** @param vsp the VSP while it is initialised @param onDeleted a host has deleted one of its ports */
  constructor(options: {
    directory: string;
    vsp: () => BridgePortTarget | undefined;
    onDeleted?: () => void;
    logger: Logger;
  }) {
    this.#onDeleted = options.onDeleted ?? (() => {});
    this.#records = new JsonFiles(options.directory, recordSchema);
    this.#vsp = options.vsp;
    this.#logger = options.logger;
  }

  /** @throws DpuError ALREADY_EXISTS for a port of that name with other content, UNAVAILABLE without a VSP */
  async create(requested: BridgePort): Promise<BridgePort> {
    const port = parse(requested);
    const id = bridgePortId(port.name);
    return await this.#lock.run(id, async () => {
      const vsp = this.#vsp();
      if (!vsp) throw new DpuError('UNAVAILABLE', `bridge port ${id}: the DPU's VSP is not ready; see its vsp pod`);
      const record = this.#records.get(id);
      if (record?.deleting) await this.#finishDeletion(id, vsp);
      const known = record?.deleting ? undefined : record;
      if (known && !sameBridgePort(known.port, port)) {
        throw new DpuError(
          'ALREADY_EXISTS',
          `bridge port ${id} exists with MAC ${known.port.macAddress}; delete it first`,
        );
      }
      await this.#records.put(id, { port, deleting: false });
      try {
        return await createOrReplace(vsp, port);
      } catch (error) {
        if (!known && !outcomeUnknown(error)) await this.#records.delete(id);
        throw error;
      }
    });
  }

  /** Answers once the deletion is certain to happen: at once where the VSP runs, else when it is back. */
  async delete(name: string, { allowMissing }: { allowMissing: boolean }): Promise<void> {
    const id = bridgePortId(name);
    await this.#lock.run(id, async () => {
      const known = this.#records.get(id);
      if (!known) {
        if (allowMissing) return;
        throw new DpuError('NOT_FOUND', `bridge port ${id} does not exist`);
      }
      // A deletion that the VSP refused before is asked for again.
      if (!known.deleting) await this.#records.put(id, { ...known, deleting: true });
      const vsp = this.#vsp();
      if (!vsp) return;
      try {
        await this.#finishDeletion(id, vsp);
      } catch (error) {
        if (!outcomeUnknown(error)) throw error;
        this.#logger.warn({ err: error, port: id }, 'the VSP did not delete a bridge port; it will when it is back');
      }
    });
    this.#onDeleted();
  }

  list(): BridgePort[] {
    return this.#records.entries().flatMap(([, { port, deleting }]) => (deleting ? [] : [port]));
  }

  get(name: string): BridgePort | undefined {
    const record = this.#records.get(bridgePortId(name));
    return record?.deleting ? undefined : record?.port;
  }

  /** Brings a VSP that has just been initialised to what is recorded. Ports that it refuses are logged and stay. */
  async replay(vsp: BridgePortTarget): Promise<void> {
    await Promise.all(
      this.#records.entries().map(([id]) =>
        this.#lock.run(id, async () => {
          const record = this.#records.get(id);
          try {
            if (record?.deleting) await this.#finishDeletion(id, vsp);
            else if (record) await createOrReplace(vsp, record.port);
          } catch (error) {
            this.#logger.error({ err: error, port: id }, 'the VSP did not take back a bridge port');
          }
        }),
      ),
    );
  }

  async #finishDeletion(id: string, vsp: BridgePortTarget): Promise<void> {
    await ignoreAbsence(vsp.deleteBridgePort(id, { allowMissing: true }));
    await this.#records.delete(id);
  }
}

/** Creates a port; one of the same name with other content gives way. */
export async function createOrReplace(target: BridgePortTarget, port: BridgePort): Promise<BridgePort> {
  try {
    return await target.createBridgePort(port);
  } catch (error) {
    if (DpuError.from(error).code !== 'ALREADY_EXISTS') throw error;
    await target.deleteBridgePort(port.name, { allowMissing: true });
    return await target.createBridgePort(port);
  }
}

/**
 * Awaits a deletion. A VSP that does not know the thing, or nothing of the kind, has none: were that an error, a pod
 * could not be deleted because it could not be made.
 */
export async function ignoreAbsence(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!['NOT_FOUND', 'UNIMPLEMENTED'].includes(DpuError.from(error).code)) throw error;
  }
}

/** The id in a resource name; a bare id is its own. */
export const bridgePortId = (name: string): string => name.replace(/^bridgePorts\//, '');

export function sameBridgePort(a: BridgePort, b: BridgePort): boolean {
  return a.macAddress === b.macAddress && a.type === b.type && a.logicalBridges.join() === b.logicalBridges.join();
}

/** Whether the VSP may have done it although the call failed. */
function outcomeUnknown(error: unknown): boolean {
  return ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'].includes(DpuError.from(error).code);
}

function parse(port: BridgePort): BridgePort {
  const result = bridgePortSchema.safeParse(port);
  if (result.success) return { ...result.data, name: `bridgePorts/${bridgePortId(port.name)}` };
  const issue = result.error.issues[0];
  throw new DpuError('INVALID_ARGUMENT', `bridge port: ${issue?.path.join('.')} ${issue?.message}`);
}
