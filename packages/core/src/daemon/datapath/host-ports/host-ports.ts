/**
 * What hosts ask one DPU for: bridge ports, each host its own.
 *
 * Guarantees: a port is on disk before the VSP hears of it, and a deletion is on disk or done by the VSP before it is
 * answered, so both survive a crash of this daemon and of the VSP. Creating what is there and deleting (with `allowMissing`) what is not
 * are no errors. Requests for one port are served in the order in which they came. A port whose creation the VSP
 * refused is forgotten; one whose outcome is unknown (the VSP died meanwhile) is kept until its host says otherwise.
 */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { parseIdentity } from '../../../trust/identity.ts';
import { plainOwner } from '../../peer/owner.ts';
import { KeyedLock } from '../../state/keyed-lock.ts';
import { bridgePortId, bridgePortKey } from '../items.ts';
import { pendingStatus } from '../port-up.ts';
import type { Reconciler } from '../reconciler.ts';
import { outcomeUnknown } from '../target.ts';
import { type HeldPort, type HostPortRecords, itemAtVsp, parseBridgePort } from './host-port-records.ts';

export interface HostPortsOptions {
  records: HostPortRecords;
  reconciler: Pick<Reconciler, 'ensure' | 'connected' | 'reconcile' | 'whyMissing'>;
  /** Whether a host that is known by its node and DPU only can be of this installation, and of no other. */
  isOnlyInstallation: (installation: string) => boolean;
  /** Called when {@link HostPorts.users} has changed. */
  onUsers: () => void;
  logger: Logger;
}

export class HostPorts {
  readonly #records: HostPortRecords;
  readonly #reconciler: HostPortsOptions['reconciler'];
  readonly #isOnlyInstallation: (installation: string) => boolean;
  readonly #onUsers: () => void;
  readonly #logger: Logger;
  readonly #lock = new KeyedLock();
  /** By owner that was given what it had under another name since the channel was last secured otherwise. */
  readonly #takenOver = new Map<string, Promise<void>>();
  /** Owners whose requests are being served, once for each. */
  readonly #asking: string[] = [];
  #users: string;

  constructor(options: HostPortsOptions) {
    this.#records = options.records;
    this.#reconciler = options.reconciler;
    this.#isOnlyInstallation = options.isOnlyInstallation;
    this.#onUsers = options.onUsers;
    this.#logger = options.logger;
    this.#users = this.users().join();
  }

  /** @throws DpuError ALREADY_EXISTS for a port of that name with other content, UNAVAILABLE without a VSP */
  create(owner: string, requested: BridgePort): Promise<BridgePort> {
    const port = parseBridgePort(requested);
    const id = bridgePortId(port.name);
    return this.#inOrder(owner, id, async () => {
      if (!this.#reconciler.connected) {
        throw new DpuError('UNAVAILABLE', `bridge port ${id}: the DPU's VSP is not ready; see its vsp pod`);
      }
      const former = this.#records.find(owner, id);
      if (former?.record.deleting) await this.#reconciler.ensure(bridgePortKey(former.vspId));
      const { key, isNew } = await this.#records.hold(owner, port);
      try {
        await this.#reconciler.ensure(key);
      } catch (error) {
        if (isNew && !outcomeUnknown(error)) await this.#records.forget(key);
        throw error;
      }
      return port;
    });
  }

  /** Answers once the deletion is certain to happen: at once where the VSP runs, else when it is back. */
  delete(owner: string, name: string, { allowMissing }: { allowMissing: boolean }): Promise<void> {
    const id = bridgePortId(name);
    return this.#inOrder(owner, id, async () => {
      const vspId = await this.#records.drop(owner, id);
      if (vspId === undefined) {
        if (allowMissing) return;
        throw new DpuError('NOT_FOUND', `bridge port ${id} does not exist`);
      }
      if (!this.#reconciler.connected) return this.#records.requireWritten(vspId);
      try {
        await this.#reconciler.ensure(bridgePortKey(vspId));
      } catch (error) {
        if (!outcomeUnknown(error)) throw error;
        this.#records.requireWritten(vspId);
        this.#logger.warn({ err: error, port: id }, 'the VSP did not delete a bridge port; it will when it is back');
      }
    });
  }

  /** What a host has asked for. Of what the VSP does not have yet, the status says so: its host waits for it. */
  list(owner: string): BridgePort[] {
    return this.#records.of(owner).map((held) => this.#withStatus(held));
  }

  get(owner: string, name: string): BridgePort | undefined {
    const known = this.#records.find(owner, name);
    return known && !known.record.deleting ? this.#withStatus(known) : undefined;
  }

  /** Hosts that have ports here. */
  owners(): string[] {
    return this.#records.owners();
  }

  /** They, and those that are being answered: what serves them is not taken away meanwhile. */
  users(): string[] {
    return [...new Set([...this.#records.owners(), ...this.#asking])].sort();
  }

  /**
   * A host calls. What it made under the name that it had while the channel was secured otherwise is its own still. Of
   * two names of one node and DPU only one can call at a time: a SPIFFE ID with mutual TLS, the other with plain text.
   */
  takeOver(owner: string): Promise<void> {
    const begun = this.#takenOver.get(owner);
    if (begun) return begun;
    const former = this.#formerOf(owner);
    // Nothing is remembered of whoever has none: with plain text callers give themselves any name.
    if (former === undefined) return Promise.resolve();
    const done = this.#handOver(former, owner);
    this.#takenOver.set(owner, done);
    return done;
  }

  /** The channel is secured otherwise: hosts have other names from now on. */
  ownersRenamed(): void {
    this.#takenOver.clear();
  }

  /** An order: every port of a host that does not come back goes. @returns how many that are */
  async forgetHost(owner: string): Promise<number> {
    const count = await this.#records.dropAll(owner);
    this.#reconciler.reconcile();
    this.#notifyUsers();
    return count;
  }

  #withStatus({ vspId, record: { port } }: HeldPort): BridgePort {
    const reason = this.#reconciler.whyMissing(itemAtVsp(vspId, port));
    return reason === undefined ? port : { ...port, ...pendingStatus(reason) };
  }

  async #inOrder<T>(owner: string, id: string, work: () => Promise<T>): Promise<T> {
    this.#asking.push(owner);
    try {
      return await this.#lock.run(`${owner} ${id}`, work);
    } finally {
      this.#asking.splice(this.#asking.indexOf(owner), 1);
      this.#notifyUsers();
    }
  }

  /**
   * Two installations may have nodes and DPUs of one name: where it cannot be told which of them it was, there is none.
   * A port that the host asks for again as it was is its own then too, see {@link HostPortRecords.hold}.
   */
  #formerOf(owner: string): string | undefined {
    const installation = parseIdentity(owner)?.installation;
    if (installation !== undefined && !this.#isOnlyInstallation(installation)) return undefined;
    const [only, ...others] = this.#records.owners().filter((other) => isSameHost(other, owner));
    return others.length > 0 ? undefined : only;
  }

  async #handOver(former: string, owner: string): Promise<void> {
    const ports = await this.#records.handOver(former, owner);
    this.#logger.info({ owner, former, ports }, 'a host has another name now; its bridge ports go with it');
    this.#notifyUsers();
  }

  #notifyUsers(): void {
    const users = this.users().join();
    if (users === this.#users) return;
    this.#users = users;
    this.#onUsers();
  }
}

/** One of the names is proven by a certificate, the other was only said. */
function isSameHost(a: string, b: string): boolean {
  return (parseIdentity(a) === undefined) !== (parseIdentity(b) === undefined) && plainOwner(a) === plainOwner(b);
}
