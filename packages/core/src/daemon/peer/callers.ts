/** The connections of hosts to a DPU side that were let in: whose they are, and how many there may be. */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Verdict } from '../../trust/verify.ts';
import type { Outage } from './availability.ts';

/** Connections that one host may have: it needs one, and two while a certificate is renewed. */
const mostOfOne = 64;

export interface Caller {
  socket: Socket;
  /** Its SPIFFE ID; undefined with plain text. */
  uri?: string;
  certificate?: X509Certificate;
  chain?: readonly X509Certificate[];
  /** It is known, and told why it is refused, for a moment. */
  refusal?: Outage;
}

export interface CallersOptions {
  verify: (certificate: X509Certificate, chain: readonly X509Certificate[]) => Verdict;
  /** An open connection is not accepted any more; it has been ended. */
  onEnded: (caller: Caller, refusal: Outage) => void;
  /** Called when {@link Callers.identities} has changed. */
  onChange: () => void;
}

/** Milliseconds: wall clocks are set now and then. */
const longestSleepMs = 3_600_000;

export class Callers {
  readonly #options: CallersOptions;
  /** By the address and port that they come from. */
  readonly #callers = new Map<string, Caller>();
  #timer: NodeJS.Timeout | undefined;
  /** What the timer waits for, in milliseconds since 1970. */
  #nextExpiry = Number.POSITIVE_INFINITY;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** @returns false where there are too many of one host, or another connection comes from the same port */
  add(origin: string, caller: Caller): boolean {
    if (this.#callers.has(origin)) return false;
    const key = holderOf(origin, caller);
    const present = [...this.#callers].filter(([other, its]) => holderOf(other, its) === key).length;
    if (present >= mostOfOne) return false;
    const before = this.identities().join();
    this.#callers.set(origin, caller);
    caller.socket.once('close', () => this.#remove(origin, caller));
    this.#wakeAtExpiryOf(caller);
    if (this.identities().join() !== before) this.#options.onChange();
    return true;
  }

  /** Who calls from there; undefined for a connection that has ended. */
  get(origin: string): Caller | undefined {
    return this.#callers.get(origin);
  }

  list(): Caller[] {
    return [...this.#callers.values()];
  }

  /** SPIFFE IDs of the hosts that are connected. */
  identities(): string[] {
    const accepted = [...this.#callers.values()].filter(({ refusal }) => !refusal);
    return [...new Set(accepted.flatMap(({ uri }) => uri ?? []))].sort();
  }

  /** Whom certificates count of may have changed, or one has expired. */
  verify(): void {
    for (const caller of [...this.#callers.values()]) {
      if (!caller.certificate || caller.refusal) continue;
      const { refusal } = this.#options.verify(caller.certificate, caller.chain ?? []);
      if (!refusal) continue;
      caller.socket.destroy();
      this.#options.onEnded(caller, refusal);
    }
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const caller of this.#callers.values()) if (!caller.socket.destroyed) this.#wakeAtExpiryOf(caller);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const { socket } of [...this.#callers.values()]) socket.destroy();
  }

  #remove(origin: string, caller: Caller): void {
    const before = this.identities().join();
    if (this.#callers.get(origin) === caller) this.#callers.delete(origin);
    if (this.identities().join() !== before) this.#options.onChange();
  }

  /** One timer, for the certificate that expires next. */
  #wakeAtExpiryOf({ certificate }: Caller): void {
    const expiry = certificate?.validToDate.getTime();
    if (expiry === undefined || expiry >= this.#nextExpiry) return;
    this.#nextExpiry = expiry;
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(expiry - Date.now(), 0) + 1_000, longestSleepMs);
    this.#timer = setTimeout(() => this.verify(), delay).unref();
  }
}

/** With plain text nothing but its address tells one host from another. */
const holderOf = (origin: string, { uri }: Caller): string => uri ?? origin.replace(/:\d+$/, '');
