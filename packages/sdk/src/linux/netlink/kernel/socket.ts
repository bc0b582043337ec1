/** One netlink socket of one network namespace, and requests over it. */
import { closeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { DpuError } from '../../../errors.ts';
import {
  decodeAcknowledgement,
  decodeMessages,
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  type Request,
} from '../messages/messages.ts';
import { kernelError } from './kernel-error.ts';
import {
  AF_NETLINK,
  bind,
  EAGAIN,
  ENOBUFS,
  receive,
  receiveOnThread,
  SOCK_RAW,
  send,
  sendAtOnce,
  setSocketOption,
  socket,
} from './libc.ts';
import type { NetworkNamespace } from './namespace.ts';

/** linux/netlink.h */
const NETLINK_ROUTE = 0;
export const NETLINK_KOBJECT_UEVENT = 15;
/** asm-generic/socket.h */
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** linux/socket.h, linux/netlink.h */
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

/** A dump's parts are at most 32 KiB (net/netlink/af_netlink.c); the answer about a PF with many VFs is longer. */
const bufferLength = 128 * 1024;
/** What is received without waiting is read in one go: all sockets share it. */
const shared = Buffer.alloc(bufferLength);

/** For so long a dump that changes meanwhile is taken again: a burst of hundreds of new links lasts for seconds. */
const dumpMs = 10_000;
/** Between two looks, so that what changes gets on. */
const dumpPauseMs = 20;
const notificationsAtOnce = 256;
/** Acknowledgements of more requests may not fit into a socket's buffer. */
const requestsAtOnce = 64;
/** Nor may more answers about links. */
const lookupsAtOnce = 16;

/** What the kernel says to one request. */
interface Outcome {
  /** Beside the acknowledgement. */
  answers: Message[];
  refused?: DpuError;
}

interface Lookup {
  request: Request;
  resolve(answers: Message[]): void;
  reject(error: unknown): void;
}

export interface SocketOptions {
  /** Whom in the kernel it speaks with. Default: NETLINK_ROUTE. */
  protocol?: number;
  /** Bit mask of notifications, 1 << (RTNLGRP_… - 1). */
  groups?: number;
  /** How much may wait to be received. Without CAP_NET_ADMIN it stays what the system gives. */
  bufferBytes?: number;
}

export class NetlinkSocket {
  readonly #fd: number;
  #sequence = 0;
  #closed = false;
  /** Whether notifications were lost of which the caller does not know yet. */
  #lost = false;
  /** The last exchange: there is one at a time, as the kernel works at one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  /** Lookups that wait for their turn; what is asked after another request is not among them. */
  #gathered: Lookup[] | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws DpuError RESOURCE_EXHAUSTED without file descriptors */
  static open(namespace: NetworkNamespace, options: SocketOptions = {}): NetlinkSocket {
    return namespace.run(() => NetlinkSocket.#here(options));
  }

  static #here({ protocol = NETLINK_ROUTE, groups = 0, bufferBytes }: SocketOptions): NetlinkSocket {
    const fd = socket(AF_NETLINK, SOCK_RAW, protocol);
    try {
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
        setSocketOption(fd, SOL_NETLINK, option, 1);
      }
      if (bufferBytes !== undefined) enlarge(fd, bufferBytes);
      // struct sockaddr_nl: family, padding, port (the kernel's choice), groups
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      address.writeUInt32LE(groups, 8);
      bind(fd, address);
      return new NetlinkSocket(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** To learn when there are notifications. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Sends requests, several in one message to the kernel, which does them in order. Answers what came beside the
   * acknowledgements.
   *
   * @throws DpuError the first that the kernel refused; those behind it are done all the same
   */
  async request(...requests: readonly Request[]): Promise<Message[]> {
    const answers: Message[] = [];
    for (let first = 0; first < requests.length; first += requestsAtOnce) {
      const part = requests.slice(first, first + requestsAtOnce);
      const outcomes = await this.#serially(() => this.#exchange(part));
      const refused = outcomes.find((outcome) => outcome.refused)?.refused;
      if (refused) throw refused;
      answers.push(...outcomes.flatMap((outcome) => outcome.answers));
    }
    return answers;
  }

  /** The same, each for itself. Answers what the kernel said to those that it refused, in their places. */
  async attempt(requests: readonly Request[]): Promise<(DpuError | undefined)[]> {
    const refusals: (DpuError | undefined)[] = [];
    for (let first = 0; first < requests.length; first += requestsAtOnce) {
      const part = requests.slice(first, first + requestsAtOnce);
      const outcomes = await this.#serially(() => this.#exchange(part));
      refusals.push(...outcomes.map(({ refused }) => refused));
    }
    return refusals;
  }

  /**
   * A request that changes nothing. Those that wait for the same earlier ones go to the kernel as one message: each by
   * itself would wait for its network lock, one after the other.
   *
   * @throws DpuError what the kernel said to this one
   */
  lookUp(request: Request): Promise<Message[]> {
    return new Promise((resolve, reject) => {
      const lookup = { request, resolve, reject };
      if (this.#gathered) {
        this.#gathered.push(lookup);
        return;
      }
      const gathered = [lookup];
      this.#serially(() => this.#lookUpAll(gathered)).catch(reject);
      this.#gathered = gathered;
    });
  }

  async #lookUpAll(lookups: readonly Lookup[]): Promise<void> {
    if (this.#gathered === lookups) this.#gathered = undefined;
    for (let first = 0; first < lookups.length; first += lookupsAtOnce) {
      await this.#lookUpTogether(lookups.slice(first, first + lookupsAtOnce));
    }
  }

  async #lookUpTogether(lookups: readonly Lookup[]): Promise<void> {
    try {
      const outcomes = await this.#exchange(lookups.map(({ request }) => request));
      for (const [index, { resolve, reject }] of lookups.entries()) {
        const { answers = [], refused } = outcomes[index] ?? {};
        if (refused) reject(refused);
        else resolve(answers);
      }
    } catch (error) {
      for (const { reject } of lookups) reject(error);
    }
  }

  /**
   * All objects of a kind, as of one moment.
   *
   * @throws DpuError UNAVAILABLE where they changed during each look for 10 s
   */
  async dump({ type, body, what }: Omit<Request, 'flags'>): Promise<Message[]> {
    const until = performance.now() + dumpMs;
    for (;;) {
      const { answers, interrupted } = await this.#serially(() => this.#dumpOnce({ type, body, what }));
      if (!interrupted) return answers;
      if (performance.now() > until) break;
      await setTimeout(dumpPauseMs);
    }
    throw new DpuError('UNAVAILABLE', `${what}: it changed during each look for ${dumpMs / 1_000} s`);
  }

  /**
   * The notifications that wait, copied; to be called whenever the socket is readable.
   *
   * @param onLost called where the kernel had more than fit, once the socket takes in new ones again: the kernel drops
   * all until the last that waited is read
   */
  *notifications(onLost: () => void): Generator<Message> {
    for (const datagram of this.datagrams(onLost)) yield* decodeMessages(datagram);
  }

  /** As {@link NetlinkSocket.notifications}, of a protocol whose messages have no netlink header. */
  *datagrams(onLost: () => void): Generator<Buffer> {
    // Not without end: what else the process does is to have its turn.
    for (let count = 0; count < notificationsAtOnce; count += 1) {
      const length = receive(this.#fd, shared);
      if (length >= 0) {
        yield Buffer.from(shared.subarray(0, length));
      } else if (length === -ENOBUFS) {
        this.#lost = true;
      } else {
        if (this.#lost) onLost();
        this.#lost = false;
        return;
      }
    }
  }

  /** What is under way comes to its end first. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const close = () => closeSync(this.#fd);
    this.#last.then(close, close);
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new DpuError('CANCELLED', 'the netlink socket is closed');
    this.#gathered = undefined;
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** @returns an outcome for each request */
  async #exchange(requests: readonly Request[]): Promise<Outcome[]> {
    const first = this.#sequence + 1;
    const messages = requests.map(({ type, flags = 0, body }) => {
      this.#sequence += 1;
      return encodeMessage(type, NLM_F_REQUEST | NLM_F_ACK | flags, this.#sequence, body);
    });
    if (requests.every(({ atOnce }) => atOnce)) sendAtOnce(this.#fd, Buffer.concat(messages));
    else await send(this.#fd, Buffer.concat(messages));
    const outcomes = requests.map((): Outcome => ({ answers: [] }));
    let missing = requests.length;
    // The kernel has answered within `send`.
    while (missing > 0) {
      for (const message of this.#received(receive(this.#fd, shared), shared, requests[0]?.what ?? '')) {
        const request = requests[message.sequence - first];
        const outcome = outcomes[message.sequence - first];
        // Of an earlier exchange that was given up.
        if (!request || !outcome) continue;
        if (message.type !== NLMSG_ERROR) {
          outcome.answers.push({ ...message, body: Buffer.from(message.body) });
          continue;
        }
        missing -= 1;
        const { errno, reason } = decodeAcknowledgement(message);
        if (errno !== 0) outcome.refused = kernelError(errno, request.what, reason);
      }
    }
    return outcomes;
  }

  async #dumpOnce({ type, body, what }: Request): Promise<{ answers: Message[]; interrupted: boolean }> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    await send(this.#fd, encodeMessage(type, NLM_F_REQUEST | NLM_F_DUMP, sequence, body));
    const answers: Message[] = [];
    let interrupted = false;
    for (;;) {
      const buffer = Buffer.alloc(bufferLength);
      const length = await receiveOnThread(this.#fd, buffer);
      for (const message of this.#received(length, buffer, what)) {
        if (message.sequence !== sequence) continue;
        interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
        if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) {
          answers.push(message);
          continue;
        }
        const { errno, reason } = decodeAcknowledgement(message);
        if (errno !== 0) throw kernelError(errno, what, reason);
        return { answers, interrupted };
      }
    }
  }

  #received(length: number, buffer: Buffer, what: string): Iterable<Message> {
    if (length === -EAGAIN) throw new DpuError('INTERNAL', `${what}: the kernel gave no answer`);
    if (length < 0) throw kernelError(-length, what);
    if (length > buffer.length) throw new DpuError('INTERNAL', `${what}: the kernel's answer has ${length} bytes`);
    return decodeMessages(buffer.subarray(0, length));
  }
}

function enlarge(fd: number, bytes: number): void {
  try {
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
  } catch (error) {
    if (DpuError.from(error).code !== 'PERMISSION_DENIED') throw error;
  }
}
